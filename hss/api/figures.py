"""Figures in the Prometheus form; the only module of the API that knows prometheus_client."""

from collections.abc import Iterable, Iterator
from itertools import chain

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from hss.services.watching import Counters, Sample


def exposed(sources: Iterable[Counters], accept: str) -> tuple[bytes, str]:
    """Write all figures in the form that `accept` asks for; the form is the second value."""
    registry = CollectorRegistry()
    registry.register(FigureCollector(sources))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class FigureCollector(Collector):
    """Reads the figures when somebody asks for them."""

    def __init__(self, sources: Iterable[Counters]) -> None:
        self._sources = tuple(sources)

    def describe(self) -> Iterable[Metric]:
        """Describe nothing beforehand: the names are known when the figures are read."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Put the samples of one name together."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in chain.from_iterable(source.samples() for source in self._sources):
            family = families.get(sample.name)
            if family is None:
                family = families[sample.name] = _family(sample)
            family.add_metric(list(sample.labels.values()), sample.value)
        yield from families.values()


def _family(sample: Sample) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if sample.kind == "counter" else GaugeMetricFamily
    return kind(sample.name, sample.help or sample.name, labels=list(sample.labels))
