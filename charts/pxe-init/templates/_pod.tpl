{{/* What Deployment and StatefulSet make. */}}
{{- define "pxe-init.pod" -}}
metadata:
  annotations:
    # Pods are replaced when their settings change.
    checksum/config: {{ include "pxe-init.toml" . | sha256sum }}
    {{- if and (include "pxe-init.databaseSecret" .) (not .Values.database.existingSecret) }}
    checksum/secret: {{ .Values.database.password | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "pxe-init.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pxe-init.serviceAccountName" . }}
  automountServiceAccountToken: false
  # A service named pxe-init would put PXE_INIT_PORT=tcp://… into the environment, which is how our settings begin.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.http.drainSeconds .Values.http.stopSeconds 10 }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: pxe-init
      image: {{ include "pxe-init.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [pxe-init-server]
      # Brings the database to its version first, under a lock: of several pods one does, the others wait for it.
      args: [serve, --config, /etc/pxe-init/config.toml]
      workingDir: /var/lib/pxe-init
      env:
        - name: PXE_INIT__JOURNAL__REPLICA
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: PXE_INIT__TRACES__REPLICA
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- with include "pxe-init.databaseSecret" . }}
        - name: PXE_INIT__DATABASE__PASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: {{ $.Values.database.passwordKey }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.http.port }}
        {{- if include "pxe-init.httpsSecret" . }}
        - name: https
          containerPort: {{ .Values.http.tls.port }}
        {{- end }}
        {{- if include "pxe-init.managementServed" . }}
        - name: grpc
          containerPort: {{ .Values.management.port }}
        {{- end }}
      # Whether the process lives, which does not depend on the database: a restart would not bring that back.
      startupProbe:
        httpGet: {path: /health, port: http}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /health, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      # Whether it has a catalog to answer from, be it from the snapshot file.
      readinessProbe:
        httpGet: {path: /ready, port: http}
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 2
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/pxe-init
          readOnly: true
        - name: data
          mountPath: /var/lib/pxe-init
        {{- if include "pxe-init.httpsSecret" . }}
        - name: http-tls
          mountPath: /etc/pxe-init-http-tls
          readOnly: true
        {{- end }}
        {{- if include "pxe-init.managementSecret" . }}
        - name: management-tls
          mountPath: /etc/pxe-init-tls
          readOnly: true
        {{- end }}
        {{- if .Values.database.tls.secret }}
        - name: database-tls
          mountPath: /etc/pxe-init-database-tls
          readOnly: true
        {{- end }}
        {{- if .Values.encryption.existingSecret }}
        - name: keys
          mountPath: /etc/pxe-init-keys
          readOnly: true
        {{- end }}
        {{- if include "pxe-init.hasAssets" . }}
        - name: assets
          mountPath: /srv/boot
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "pxe-init.fullname" . }}
    {{- with include "pxe-init.httpsSecret" . }}
    - name: http-tls
      secret:
        secretName: {{ . }}
        # 0440: the group is the pod's.
        defaultMode: 288
    {{- end }}
    {{- with include "pxe-init.managementSecret" . }}
    - name: management-tls
      secret:
        secretName: {{ . }}
        defaultMode: 288
    {{- end }}
    {{- with .Values.database.tls.secret }}
    - name: database-tls
      secret:
        secretName: {{ . }}
        defaultMode: 288
    {{- end }}
    {{- with .Values.encryption.existingSecret }}
    - name: keys
      secret:
        secretName: {{ . }}
        defaultMode: 288
    {{- end }}
    {{- if not .Values.persistence.enabled }}
    - name: data
      emptyDir:
        sizeLimit: {{ .Values.dataSizeLimit }}
    {{- end }}
    {{- if .Values.assets.existingClaim }}
    - name: assets
      persistentVolumeClaim:
        claimName: {{ .Values.assets.existingClaim }}
        readOnly: true
    {{- else if .Values.assets.volume }}
    - name: assets
      {{- toYaml .Values.assets.volume | nindent 6 }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- with .Values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "pxe-init.selectorLabels" . | nindent 10 }}
    {{- end }}
{{- end }}
