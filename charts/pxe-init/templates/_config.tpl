{{/* The settings that values other than `config` make: section → key → value, as YAML. */}}
{{- define "pxe-init.settings" -}}
http:
  address: {{ .Values.http.address | quote }}
  port: {{ .Values.http.port }}
  base_url: {{ .Values.http.baseUrl | quote }}
  drain_seconds: {{ .Values.http.drainSeconds }}
  stop_seconds: {{ .Values.http.stopSeconds }}
{{- if include "pxe-init.httpsSecret" . }}
http.tls:
  port: {{ .Values.http.tls.port }}
  cert: /etc/pxe-init-http-tls/tls.crt
  key: /etc/pxe-init-http-tls/tls.key
{{- end }}
grpc:
  address: {{ eq .Values.management.mode "loopback" | ternary "127.0.0.1" .Values.http.address | quote }}
  port: {{ .Values.management.port }}
  insecure_management: {{ eq .Values.management.mode "insecure" }}
{{- if eq .Values.management.mode "tls" }}
grpc.tls:
  cert: /etc/pxe-init-tls/tls.crt
  key: /etc/pxe-init-tls/tls.key
  {{- if ne .Values.management.tls.clientCertificates "none" }}
  client_ca: /etc/pxe-init-tls/ca.crt
  client_auth: {{ .Values.management.tls.clientCertificates }}
  {{- end }}
{{- with .Values.management.tls.identities }}
management:
  identities:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
database:
  {{- if eq .Values.database.type "sqlite" }}
  url: "sqlite:///var/lib/pxe-init/pxe-init.db?mode=rwc"
  {{- else }}
  host: {{ required "database.host: which Postgres? (or database.type: sqlite)" .Values.database.host | quote }}
  port: {{ .Values.database.port }}
  name: {{ .Values.database.name | quote }}
  user: {{ .Values.database.user | quote }}
  ssl_mode: {{ .Values.database.sslMode | quote }}
  {{- if .Values.database.tls.secret }}
  ssl_root_cert: /etc/pxe-init-database-tls/ca.crt
  {{- if .Values.database.tls.clientCertificate }}
  ssl_cert: /etc/pxe-init-database-tls/tls.crt
  ssl_key: /etc/pxe-init-database-tls/tls.key
  {{- end }}
  {{- end }}
  {{- end }}
{{- if .Values.encryption.existingSecret }}
secrets:
  key_file: /etc/pxe-init-keys/{{ .Values.encryption.key }}
{{- end }}
snapshot:
  file: /var/lib/pxe-init/pxe-init.snapshot
assets:
  dir: {{ include "pxe-init.hasAssets" . | empty | ternary "" "/srv/boot" | quote }}
  forward_server: {{ .Values.assets.forwardServer | quote }}
log:
  format: {{ .Values.log.format | quote }}
  filter: {{ .Values.log.filter | quote }}
{{- end }}

{{/* A list of maps of scalars is written otherwise than in JSON. */}}
{{- define "pxe-init.tomlValue" -}}
{{- if and (kindIs "slice" .) . (kindIs "map" (first .)) }}
{{- $maps := list }}
{{- range . }}
{{- $pairs := list }}
{{- range $key, $value := . }}
{{- $pairs = append $pairs (printf "%s = %s" $key (toJson $value)) }}
{{- end }}
{{- $maps = append $maps (printf "{ %s }" (join ", " $pairs)) }}
{{- end -}}
[{{ join ", " $maps }}]
{{- else -}}
{{ toJson . }}
{{- end }}
{{- end }}

{{/* config.toml. A scalar or a list of scalars in JSON is one in TOML too; Helm's own toToml writes 8080.0 for a port. */}}
{{- define "pxe-init.toml" -}}
{{- $settings := include "pxe-init.settings" . | fromYaml }}
{{- range $section, $keys := .Values.config }}
{{- range $key, $value := $keys }}
{{- if hasKey (get $settings $section | default dict) $key }}
{{- fail (printf "config.%s.%s: another value of the chart sets that, see values.yaml" $section $key) }}
{{- end }}
{{- if eq (printf "%s.%s" $section $key) "database.password" }}
{{- fail "config.database.password: a ConfigMap is no place for it; use database.existingSecret" }}
{{- end }}
{{- end }}
{{- end }}
{{- range $section, $keys := mergeOverwrite (deepCopy .Values.config) $settings }}
[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ include "pxe-init.tomlValue" $value }}
{{- end }}
{{- end }}
{{- end }}
