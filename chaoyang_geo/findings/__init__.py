"""The finding that can be signed: a page and a Word file per site, one workbook, JSON."""

from chaoyang_geo.capping import cap_approximate as cap_approximate
from chaoyang_geo.findings.approximate import approximate_sites as approximate_sites
from chaoyang_geo.findings.examples import ExampleLayers as ExampleLayers
from chaoyang_geo.findings.examples import example_names as example_names
from chaoyang_geo.findings.examples import load_examples as load_examples
from chaoyang_geo.findings.write import FORMATS as FORMATS
from chaoyang_geo.findings.write import write_findings as write_findings
