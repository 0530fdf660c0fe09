"""A supervisor in a process of its own: `python -m tests.running.supervise PROCESSES JOB`, the job as JSON."""

import logging
import sys

from dataflows.errors import UserError
from dataflows.supervisor import RestartPolicy, Supervisor
from dataflows.worker import Job


def main(processes: str, job: str) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    policy = RestartPolicy(first_pause=0.05, longest_pause=0.1, attempts=3)
    supervisor = Supervisor(Job.model_validate_json(job), int(processes), policy)
    try:
        return supervisor.run()
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
