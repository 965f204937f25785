"""The management API: HTTP adapter of the ports in `hss.services.administration`.

application.py   the door: `build_api` joins everything
ports.py         what the API is given: services, settings, health, counters
problems.py      every error as application/problem+json (RFC 9457); one table
middleware.py    who may come in, how often, how many at once; errors become problems
catalogue.py     the table of resources: one row each
resources.py     the handlers that serve every row
parts.py         identities and the circuit-switched side as resources inside a subscription
subscribers.py, contacts.py, bulk.py, map.py, routes.py   what does not fit the table
watching.py, figures.py, connections.py                   for those who watch
openapi/         the description: one module for each of these
documentation.py, static/   what gives the description, and the page that shows it
"""
