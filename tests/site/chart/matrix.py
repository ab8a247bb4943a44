"""Sets of values that sites might have. Each has a snapshot."""

POSTGRES = {"database": {"host": "postgres.db.svc"}}


def values(**more) -> dict:
    """On a Postgres, and more."""
    return {**POSTGRES, **more}


MATRIX = {
    "least": values(),
    "metallb": values(
        http={
            "service": {
                "metallb": {"addressPool": "lab", "loadBalancerIPs": ["10.1.0.5", "fd00::5"], "allowSharedIp": "boot"},
                "annotations": {"example.org/kept": "yes"},
                "loadBalancerClass": "metallb.io/metallb",
            }
        }
    ),
    "node-port": values(http={"service": {"type": "NodePort", "nodePort": 30080, "externalTrafficPolicy": "Cluster"}}),
    "cluster-ip": values(http={"service": {"type": "ClusterIP"}}),
    "insecure-behind-ingress": values(
        management={
            "mode": "insecure",
            "ingress": {
                "enabled": True,
                "className": "nginx",
                "host": "boot.example.org",
                "tlsSecret": "boot-tls",
                "annotations": {"nginx.ingress.kubernetes.io/backend-protocol": "GRPC"},
            },
        },
        networkPolicy={
            "enabled": True,
            "managementFrom": [{"namespaceSelector": {"matchLabels": {"name": "ops"}}}],
            "httpFrom": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
            "restrictEgress": True,
            "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.9.0.1/32"}}], "ports": [{"port": 4317, "protocol": "TCP"}]}],
        },
    ),
    "tls-of-cert-manager": values(
        management={
            "mode": "tls",
            "tls": {
                "clientCertificates": "optional",
                "certManager": {"enabled": True, "issuer": "site-ca", "dnsNames": ["boot.example.org"]},
            },
        }
    ),
    "https-of-cert-manager": values(
        http={
            "service": {"metallb": {"loadBalancerIPs": ["10.1.0.5"]}, "tlsPort": 8443, "type": "NodePort", "tlsNodePort": 30443},
            "tls": {"certManager": {"enabled": True, "issuer": "site-ca", "dnsNames": ["boot.example.org"], "ipAddresses": ["10.1.0.6"]}},
        },
        networkPolicy={"enabled": True},
    ),
    "https-of-a-secret": values(http={"tls": {"secret": "boot-tls", "port": 9443}}),
    "client-certificates": values(
        management={
            "mode": "tls",
            "tls": {
                "secret": "boot-tls",
                "clientCertificates": "required",
                "identities": [{"name": "ci.example.org", "role": "operator", "secrets": True}, {"name": "ada@example.org", "role": "admin"}],
            },
        },
        config={"management": {"anonymous": "never"}},
    ),
    "tls-of-a-secret": values(management={"mode": "tls", "tls": {"secret": "boot-tls"}}),
    "persistent": values(persistence={"enabled": True, "storageClass": "fast", "size": "5Gi"}, replicaCount=3),
    "sqlite": {
        "database": {"type": "sqlite"},
        "persistence": {"enabled": True},
        "replicaCount": 1,
        "podDisruptionBudget": {"enabled": False},
    },
    "password-of-the-chart": {"database": {"host": "db", "password": "s3cret: \"quoted\"", "sslMode": "require"}},
    "existing-secret": {"database": {"host": "db", "existingSecret": "db-credentials", "passwordKey": "pxe.password"}},
    "verified-database": {
        "database": {
            "host": "db",
            "sslMode": "verify-full",
            "tls": {"secret": "db-tls", "clientCertificate": True},
        },
        "encryption": {"existingSecret": "param-keys"},
    },
    "assets-claim": values(assets={"existingClaim": "boot-files"}),
    "assets-nfs": values(assets={"volume": {"nfs": {"server": "10.1.0.2", "path": "/srv/boot"}}}),
    "forward-server": values(assets={"forwardServer": "http://files.example.org"}),
    "autoscaled-and-monitored": values(
        autoscaling={"enabled": True, "minReplicas": 3, "maxReplicas": 9},
        podDisruptionBudget={"maxUnavailable": "50%"},
        serviceMonitor={"enabled": True, "labels": {"release": "prometheus"}, "interval": "15s"},
    ),
    "settings": values(
        config={
            "boot": {"unknown": "404", "hold_seconds": 30},
            "limits": {"output_bytes": 16777216},
            "http": {"max_connections": 20000},
            "traces": {"endpoint": "http://otel:4317", "sample": 0.25},
        },
        log={"format": "text", "filter": "info,pxe_init::store=debug"},
        http={"baseUrl": "http://boot.example.org", "drainSeconds": 30, "stopSeconds": 20, "port": 9090},
    ),
    "everything-of-pods": values(
        fullnameOverride="netboot",
        image={"repository": "registry.example.org/site/pxe-init", "digest": "sha256:" + "0" * 64},
        imagePullSecrets=[{"name": "pull"}],
        extraEnv=[{"name": "PXE_INIT__TRACES__SERVICE", "value": "netboot"}],
        extraVolumes=[{"name": "ca", "configMap": {"name": "site-ca"}}],
        extraVolumeMounts=[{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
        serviceAccount={"create": False, "name": "shared"},
        podAnnotations={"example.org/a": "b"},
        podLabels={"team": "metal"},
        nodeSelector={"node-role.kubernetes.io/infra": ""},
        tolerations=[{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
        affinity={
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"labelSelector": {"matchLabels": {"app.kubernetes.io/instance": "boot"}}, "topologyKey": "zone"}
                ]
            }
        },
        topologySpreadConstraints=[
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {}}}
        ],
        priorityClassName="system-cluster-critical",
    ),
}

# Values that are wrong → what the refusal has to say.
WRONG = {
    "an unknown value": (values(replicas=3), "replicas"),
    "a slip deeper down": ({"database": {"hsot": "db"}}, "hsot"),
    "no database": ({}, "database.host"),
    "a replica that is no number": (values(replicaCount="two"), "replicaCount"),
    "a port that is none": (values(http={"port": 70000}), "port"),
    "a privileged port, which the pod may not take": (values(http={"port": 80}), "port"),
    "a kind of service that there is not": (values(http={"service": {"type": "External"}}), "type"),
    "an ssl mode that there is not": ({"database": {"host": "db", "sslMode": "on"}}, "sslMode"),
    "a digest that is none": (values(image={"digest": "latest"}), "digest"),
    "an address that is none": (values(http={"service": {"metallb": {"loadBalancerIPs": ["boot.example.org"]}}}), "IPs"),
    "a URL without scheme": (values(http={"baseUrl": "boot.example.org"}), "baseUrl"),
    "a size without sense": (values(persistence={"enabled": True, "size": "5 GB"}), "size"),
    "a setting that is no scalar": (values(config={"boot": {"unknown": {"a": 1}}}), "unknown"),
    "a setting outside of a section": (values(config={"boot": "404"}), "boot"),
    "a setting that another value makes": (values(config={"http": {"port": 81}}), "config.http.port"),
    "a password in the settings": (values(config={"database": {"password": "x"}}), "config.database.password"),
    "two passwords": ({"database": {"host": "db", "password": "x", "existingSecret": "other"}}, "one of the two"),
    "two volumes of assets": (values(assets={"existingClaim": "a", "volume": {"emptyDir": {}}}), "one of the two"),
    "assets from two places": (
        values(assets={"existingClaim": "a", "forwardServer": "http://files"}),
        "assets.forwardServer",
    ),
    "SQLite without a claim": ({"database": {"type": "sqlite"}, "replicaCount": 1}, "persistence.enabled"),
    "SQLite for two": ({"database": {"type": "sqlite"}, "persistence": {"enabled": True}}, "replicaCount: 1"),
    "an ingress to a service that is not there": (
        values(management={"ingress": {"enabled": True, "host": "boot.example.org"}}),
        "loopback",
    ),
    "an ingress without host": (values(management={"mode": "insecure", "ingress": {"enabled": True}}), "host"),
    "TLS without a certificate": (values(management={"mode": "tls"}), "management.tls.secret"),
    "a certificate of two": (
        values(management={"mode": "tls", "tls": {"secret": "a", "certManager": {"enabled": True, "issuer": "b"}}}),
        "one of the two",
    ),
    "a certificate of nobody": (values(management={"mode": "tls", "tls": {"certManager": {"enabled": True}}}), "issuer"),
    "a certificate for nothing": (values(management={"tls": {"secret": "a"}}), "loopback"),
    "two certificates for machines": (
        values(http={"tls": {"secret": "a", "certManager": {"enabled": True, "issuer": "b"}}}),
        "http.tls.secret and http.tls.certManager",
    ),
    "a certificate for machines of nobody": (values(http={"tls": {"certManager": {"enabled": True}}}), "http.tls.certManager.issuer"),
    "HTTPS on the port of something else": (values(http={"tls": {"secret": "a", "port": 8080}}), "http.tls.port"),
    "HTTPS on the service's port for HTTP": (values(http={"tls": {"secret": "a"}, "service": {"port": 443}}), "tlsPort"),
    "people without certificates": (
        values(management={"mode": "tls", "tls": {"secret": "a", "identities": [{"name": "ada", "role": "admin"}]}}),
        "clientCertificates",
    ),
    "a role that there is not": (
        values(management={"mode": "tls", "tls": {"secret": "a", "identities": [{"name": "ada", "role": "root"}]}}),
        "role",
    ),
    "a CA that is not there": ({"database": {"host": "db", "sslMode": "verify-full"}}, "database.tls.secret"),
    "a client certificate from nowhere": (
        {"database": {"host": "db", "tls": {"clientCertificate": True}}},
        "database.tls.secret",
    ),
    "fewer at most than at least": (values(autoscaling={"enabled": True, "minReplicas": 9}), "maxReplicas"),
    "one port for two": (values(http={"port": 5000}), "5000"),
}
