#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every sentence of the cashier's room has a Chinese translation, and no translation is left over.
set -eu
cd "$1"
pot=$(mktemp)
trap 'rm -f "$pot"' EXIT
xgettext -k_ -kN_ --from-code=UTF-8 --no-location -o "$pot" ./*.c
msgcmp po/zh_CN.po "$pot"
left=$(msgcomm --less-than=2 --no-location po/zh_CN.po "$pot" | grep -c '^msgid "[^"]' || true)
[ "$left" = 0 ] || { echo "$left translations belong to no sentence any more" >&2; exit 1; }
