"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Kept between runs, not in git.
BUILD = ROOT / ".build"
BINARIES = Path(os.environ.get("PXE_INIT_TEST_BIN_DIR", ROOT / "target" / "debug"))
SERVER = BINARIES / "pxe-init-server"
CLIENT = BINARIES / "pxe-init-client"
PROTO = ROOT / "proto"
README = ROOT / "README.md"
