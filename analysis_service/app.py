"""The HTTP side of the analysis service: which routes it has."""

from __future__ import annotations

from analysis_service.annotations.documentation import document
from analysis_service.annotations.routes import RAW_ROUTES
from analysis_service.metrics.routes import router as metrics
from analysis_service.records.routes import router as records
from analysis_service.settings import AnalysisSettings
from analysis_service.terms.routes import router as terms
from analysis_service.text import supported_languages
from shared.web.service_app import ServiceApp


def create_app(settings: AnalysisSettings) -> ServiceApp:
    """The service's ASGI application; connects when it starts. Raises ArtifactBroken."""
    supported_languages()  # loads the weights, so that a service without them does not start
    app = ServiceApp(settings, title="cxloop analysis", routers=[records, metrics, terms], raw_routes=RAW_ROUTES)
    described = app.api.openapi
    app.api.openapi = lambda: document(described())  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app
