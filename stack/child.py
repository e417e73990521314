"""Becomes a service that does not outlive the launcher, even when that is killed outright.

Run as `python -I child.py PARENT_PID COMMAND…`: asks the kernel to send SIGTERM when the parent
dies, then replaces itself by the command, so that pid and process group stay those of the service.
A program of its own because code between fork and exec of a threaded parent (`preexec_fn`) may
deadlock. Linux only; elsewhere it just runs the command. Imports nothing of ours: it must be quick.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; survives exec


def main(parent_pid: int, command: list[str]) -> None:
    """Replace this process by `command`; exits with 127 when that cannot be run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before the kernel was told
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
