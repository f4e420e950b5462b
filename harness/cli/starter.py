"""What `harness init` writes."""

from __future__ import annotations

SCENARIO = """\
# yaml-language-server: $schema=schemas/scenario.schema.json
version: 1
scenario: New subscribers reach the ads and the CRM, and an outage of the CRM loses nobody
tags: [smoke]
profiles:
  alex: {userId: u1, email: alex@example.com}
  crowd: {faker: {count: 20, seed: 7}} # made-up people, the same every time
destinations:
  email: {kind: event, calls: [track]}
  crm: {kind: event, calls: [identify], replies: [503, 503, 200]} # for each message: two failures, then success
  ads: {kind: list}
journeys:
  winback:
    name: Win-back
    steps:
      - send_to_destinations: {name: New subscribed users, to: [email, crm, ads]}
do:
  - enter: {journey: winback, step: New subscribed users, profiles: [alex, crowd]}
  - advance: 1h
  - leave: {journey: winback, step: New subscribed users, profiles: [alex]} # sends nothing: a journey has no exit
expect: # beyond the contract's rules, which always hold
  - received: {to: email, count: 21, event: Audience Entered}
  - attempts: {to: crm, each: 3}
  - members: {of: ads, are: [alex, crowd]}
  - nothing_else: true
"""

CONFIG = """\
# yaml-language-server: $schema=schemas/config.schema.json
# Start it:  harness serve --config destinations.yaml
version: 1
contract: engage-journeys
destinations:
  email: {kind: event, calls: [track]} # POST to http://127.0.0.1:8085/destinations/email
  crm: {kind: event, calls: [identify]}
  unstable: {kind: event, replies: [503, 200]} # for each message: one failure, then success
  ads: {kind: list}
"""

WORKFLOW = """\
# Copy this file to .github/workflows/ at the top of your repository.
name: Journeys
on: [push, pull_request]
jobs:
  contract:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      # From your package index, or else a wheel or a checkout of it: pip install path/to/journey-harness
      - run: pip install journey-harness
      - run: harness validate {folder} {config}
      - run: harness run {folder} --report json=journeys.json
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: journeys
          path: journeys.json
"""


def starter_files(folder: str) -> dict[str, str]:
    """The text of each file, by its name; `folder` is where they will lie, as seen from the top of the repository."""
    config = "destinations.yaml" if folder == "." else f"{folder}/destinations.yaml"
    return {
        "winback.scenario.yaml": SCENARIO,
        "destinations.yaml": CONFIG,
        "journeys-ci.yaml": WORKFLOW.replace("{folder}", folder).replace("{config}", config),
    }
