"""What the end-to-end tests stand on: the real server, the real client, and real machines in QEMU."""
