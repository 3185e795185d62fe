# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts in tools/ share: where things are, and a step that names itself, shows how far it
# is, keeps its log and, when it fails, says what to do. Sourced, never run.

TALLY_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TALLY_TOP
TALLY_LOGS=$TALLY_TOP/build/log
STEPS_PASSED=0
STEPS_FAILED=0
STEPS_SKIPPED=0

# tally_say TEXT: one line for the person at the keyboard, on standard error.
tally_say() {
    printf '%s\n' "$*" >&2
}

# tally_die TEXT...: say what is wrong and what to do about it, one argument per line; leave with 1.
tally_die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# tally_as_root COMMAND...: runs COMMAND as root, through sudo when we are not root already.
tally_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        tally_die "This needs root: $*" "Run it again as root, or install sudo and allow this user to use it."
    fi
}

# The comment block at the head of a script is its help; `#!` and the SPDX line are left out.
tally_help() {
    awk 'NR > 1 && !/^#/ { exit } NR > 1 && !/SPDX/ { sub(/^# ?/, ""); print }' "$1"
}

# Reads a command's output and keeps it in the log; on a terminal it also shows the last line in place.
steps_follow() { # NAME LOG
    local line width
    if [ -t 2 ]; then
        width=$(tput cols 2>/dev/null || echo 80)
        while IFS= read -r line || [ -n "$line" ]; do
            printf '%s\n' "$line"
            line=${line##*$'\r'}
            line="$1 ... ${line//[^[:print:]]/}"
            printf '\r\033[K%s' "${line:0:width-1}" >&2
        done >"$2"
    else
        cat >"$2"
    fi
}

# step_log NAME: the file that keeps the output of the step NAME.
step_log() {
    local name=${1//[^[:alnum:]]/-}
    while [[ $name == *--* ]]; do
        name=${name//--/-}
    done
    echo "$TALLY_LOGS/$name.log"
}

# step NAME ADVICE COMMAND...: runs COMMAND as one named step.
# Prints the name at once, then `ok` and the seconds, or `FAILED`, the end of the log and ADVICE.
# The whole output goes to build/log. Returns COMMAND's status and counts it.
# COMMAND is a program, or a function of the calling script. A function runs in a bash of its own, because
# `step f || ...` would switch `set -e` off inside f; it sees the script's functions and exported variables.
step() {
    local name=$1 advice=$2 log status started=$SECONDS was_errexit=
    shift 2
    log=$(step_log "$name")
    mkdir -p "$TALLY_LOGS"
    printf '%s ...' "$name" >&2
    case $- in *e*) was_errexit=1 ;; esac
    set +e
    if [ "$(type -t "$1")" = function ]; then
        set -- bash -euo pipefail -c "$(declare -f)"$'\n"$@"' step "$@"
    fi
    "$@" 2>&1 </dev/null | steps_follow "$name" "$log"
    status=${PIPESTATUS[0]}
    if [ -n "$was_errexit" ]; then
        set -e
    fi
    if [ -t 2 ]; then
        printf '\r\033[K%s ...' "$name" >&2
    fi
    if [ "$status" = 0 ]; then
        printf ' ok (%d s)\n' $((SECONDS - started)) >&2
        STEPS_PASSED=$((STEPS_PASSED + 1))
    else
        printf ' FAILED (%d s)\n' $((SECONDS - started)) >&2
        # A build's lines that only say how far it is would push the message out of sight.
        grep -avE '^\[[0-9]+/[0-9]+\] (Building|Linking|Generating) ' "$log" | tail -n 40 | sed 's/^/    | /' >&2 || true
        printf '    The whole log: %s\n    What to do: %s\n' "${log#"$TALLY_TOP"/}" "$advice" >&2
        STEPS_FAILED=$((STEPS_FAILED + 1))
    fi
    return "$status"
}

# step_skipped NAME WHY: a step that cannot run here. It is named and counted, never silent.
step_skipped() {
    printf '%s ... skipped: %s\n' "$1" "$2" >&2
    STEPS_SKIPPED=$((STEPS_SKIPPED + 1))
}
