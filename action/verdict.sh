#!/usr/bin/env bash
# Fails the job unless the check said that nothing was found.
set -euo pipefail

case "$TWICESHY_EXIT_CODE" in
    0) ;;
    1) echo "twiceshy found something; see its report above" && exit 1 ;;
    *) echo "::error title=twiceshy::how the check ended is not known" && exit 2 ;;
esac
