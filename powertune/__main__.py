"""The program, `powertune` or `python -m powertune`: Ctrl-C never shows a traceback, from first line to last.

While it is imported, and once its work is done, there is nothing to clean up: then Ctrl-C simply ends the process.
"""

import gc
import signal


def main() -> int:
    """The command line, from arguments to exit code."""
    # What is ignored stays so, as for a job that a shell script has put in the background.
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Imported modules live until the end. Searching them for garbage meanwhile only slows the start.
    gc.disable()
    from powertune.cli.app import start
    from powertune.errors import ExitCode

    gc.freeze()
    gc.enable()
    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return start()
    except KeyboardInterrupt:  # once more, while the first one was being answered
        return ExitCode.INTERRUPTED
    finally:
        if heeded:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    raise SystemExit(main())
