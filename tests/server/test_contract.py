"""The description of the API and the API agree, whatever is sent."""

import schemathesis
from hypothesis import HealthCheck, settings
