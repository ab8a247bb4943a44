{{- define "pxe-init.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 50 characters at most: names of parts, such as -management, come behind it. */}}
{{- define "pxe-init.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "pxe-init.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "pxe-init.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pxe-init.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pxe-init.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pxe-init.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "pxe-init.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "pxe-init.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "pxe-init.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "pxe-init.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* The kind of the pods' owner; values.yaml says why. */}}
{{- define "pxe-init.workload" -}}
{{- if .Values.persistence.enabled }}StatefulSet{{ else }}Deployment{{ end }}
{{- end }}

{{/* The secret that has the database's password; empty for none. */}}
{{- define "pxe-init.databaseSecret" -}}
{{- if eq .Values.database.type "postgres" }}
{{- if .Values.database.existingSecret }}
{{- .Values.database.existingSecret }}
{{- else if .Values.database.password }}
{{- include "pxe-init.fullname" . }}-database
{{- end }}
{{- end }}
{{- end }}

{{- define "pxe-init.hasAssets" -}}
{{- if or .Values.assets.existingClaim .Values.assets.volume }}true{{ end }}
{{- end }}

{{- define "pxe-init.managementServed" -}}
{{- if ne .Values.management.mode "loopback" }}true{{ end }}
{{- end }}

{{/* The secret with the certificate for machines; empty where there is no HTTPS. */}}
{{- define "pxe-init.httpsSecret" -}}
{{- if .Values.http.tls.secret }}
{{- .Values.http.tls.secret }}
{{- else if .Values.http.tls.certManager.enabled }}
{{- include "pxe-init.fullname" . }}-tls
{{- end }}
{{- end }}

{{/* The secret with the certificate of management; empty where there is no TLS. */}}
{{- define "pxe-init.managementSecret" -}}
{{- if eq .Values.management.mode "tls" }}
{{- .Values.management.tls.secret | default (printf "%s-management-tls" (include "pxe-init.fullname" .)) }}
{{- end }}
{{- end }}
