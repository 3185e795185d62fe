# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the VM's scripts share: where the running VM keeps its files. Sourced, never run.
# shellcheck source-path=SCRIPTDIR source=../steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"

VM_DIR=$TALLY_TOP/build/vm
# Another folder here is another VM beside the first one.
VM_RUN=$(realpath -m "${TALLY_VM_RUN:-$VM_DIR/run}")

# The id of this VM's QEMU, when it runs. An old pid file whose number went to another program does not count.
vm_pid() {
    local pid
    pid=$(cat "$VM_RUN/pid" 2>/dev/null) || return 1
    grep -qzF "$VM_RUN/net.pcap" "/proc/$pid/cmdline" 2>/dev/null || return 1
    echo "$pid"
}

# vm_wait_gone PID SECONDS: returns when the process has ended, by its own event; 1 when it does not in time.
vm_wait_gone() {
    /usr/bin/python3 - "$1" "$2" <<'PYTHON'
import os, select, sys
try:
    fd = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    sys.exit(0)
sys.exit(0 if select.select([fd], [], [], float(sys.argv[2]))[0] else 1)
PYTHON
}

# vm_port NAME: a host port of the running VM (till, reader or control).
vm_port() {
    sed -n "s/^$1=//p" "$VM_RUN/ports" 2>/dev/null | grep . ||
        tally_die "No VM runs in ${VM_RUN#"$TALLY_TOP"/}." "Start it: tools/vm/start"
}
