{{/* What one value alone can not tell, and so the schema can not. */}}
{{- define "pxe-init.validate" -}}
{{- if eq .Values.database.type "sqlite" }}
{{- if not .Values.persistence.enabled }}
{{- fail "database.type: sqlite keeps its file on a claim: set persistence.enabled: true" }}
{{- end }}
{{- if or .Values.autoscaling.enabled (ne (int .Values.replicaCount) 1) }}
{{- fail (printf "database.type: sqlite serves exactly one replica: set replicaCount: 1 (it is %d) and autoscaling.enabled: false" (int .Values.replicaCount)) }}
{{- end }}
{{- end }}
{{- if and .Values.database.existingSecret .Values.database.password }}
{{- fail "database.existingSecret and database.password: one of the two" }}
{{- end }}
{{- if and (hasPrefix "verify-" .Values.database.sslMode) (not .Values.database.tls.secret) }}
{{- fail (printf "database.sslMode: %s takes the CA in database.tls.secret" .Values.database.sslMode) }}
{{- end }}
{{- if and .Values.database.tls.clientCertificate (not .Values.database.tls.secret) }}
{{- fail "database.tls.clientCertificate takes database.tls.secret" }}
{{- end }}
{{- if and .Values.assets.existingClaim .Values.assets.volume }}
{{- fail "assets.existingClaim and assets.volume: one of the two" }}
{{- end }}
{{- if and (include "pxe-init.hasAssets" .) .Values.assets.forwardServer }}
{{- fail "assets.forwardServer says nothing where a volume of assets is served: one of the two" }}
{{- end }}
{{- $tls := .Values.management.tls }}
{{- if eq .Values.management.mode "tls" }}
{{- if and $tls.secret $tls.certManager.enabled }}
{{- fail "management.tls.secret and management.tls.certManager: one of the two" }}
{{- end }}
{{- if not (or $tls.secret $tls.certManager.enabled) }}
{{- fail "management.mode: tls takes management.tls.secret, or management.tls.certManager" }}
{{- end }}
{{- if and $tls.certManager.enabled (not $tls.certManager.issuer) }}
{{- fail "management.tls.certManager.issuer: which one?" }}
{{- end }}
{{- if and $tls.identities (eq $tls.clientCertificates "none") }}
{{- fail "management.tls.identities says who the holders of client certificates are: set management.tls.clientCertificates" }}
{{- end }}
{{- else if or $tls.secret $tls.certManager.enabled }}
{{- fail (printf "management.tls says nothing with management.mode: %s" .Values.management.mode) }}
{{- end }}
{{- $https := .Values.http.tls }}
{{- if and $https.secret $https.certManager.enabled }}
{{- fail "http.tls.secret and http.tls.certManager: one of the two" }}
{{- end }}
{{- if and $https.certManager.enabled (not $https.certManager.issuer) }}
{{- fail "http.tls.certManager.issuer: which one?" }}
{{- end }}
{{- if include "pxe-init.httpsSecret" . }}
{{- if has (int $https.port) (list (int .Values.http.port) (int .Values.management.port)) }}
{{- fail (printf "http.tls.port: %d is the port of something else" (int $https.port)) }}
{{- end }}
{{- if eq (int .Values.http.service.tlsPort) (int .Values.http.service.port) }}
{{- fail (printf "http.service.port and http.service.tlsPort are both %d" (int .Values.http.service.port)) }}
{{- end }}
{{- end }}
{{- if .Values.management.ingress.enabled }}
{{- if not (include "pxe-init.managementServed" .) }}
{{- fail "management.ingress leads to a service, which management.mode: loopback has none of" }}
{{- end }}
{{- if not .Values.management.ingress.host }}
{{- fail "management.ingress.host: which host?" }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail (printf "autoscaling.minReplicas (%d) is more than maxReplicas (%d)" (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- end }}
{{- if eq (int .Values.http.port) (int .Values.management.port) }}
{{- fail (printf "http.port and management.port are both %d" (int .Values.http.port)) }}
{{- end }}
{{- end }}
