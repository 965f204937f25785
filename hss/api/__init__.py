"""The management API: HTTP adapter of the ports in `hss.services.administration`.

application.py   the door: `build_api` joins everything
ports.py         what the API is given: services, settings, health, counters
problems.py      every error as application/problem+json (RFC 9457); one table
middleware.py    who may come in, how often, how many at once; errors become problems
catalogue.py     the table of resources: one row each
resources.py     the handlers that serve every row
parts.py         identities and the circuit-switched side as resources inside a subscription
contacts.py, registration.py, lookup.py, bulk.py   what does not fit the table
health.py, metrics.py                              for those who watch
openapi.py, documentation.py, static/              the description, and the page that shows it
"""
