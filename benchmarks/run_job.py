"""A flow that runs until it is stopped, built by somebody else: `python -m benchmarks.run_job BUILD SOURCE SINK`.

Settings come from the environment.
"""

import sys

from dataflows.running import flow_job
from dataflows.settings import load_settings
from dataflows.supervisor import Supervisor


def main() -> None:
    """Run it."""
    build, source, sink = sys.argv[1:]
    settings = load_settings()
    job = flow_job(settings, source, None, sink, stop_at_end=False).model_copy(update={"build": build})
    sys.exit(Supervisor(job, settings.processes).run())


if __name__ == "__main__":
    main()
