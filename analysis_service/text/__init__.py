"""Understanding text (pure): language, sentiment, the terms that weighed."""

from analysis_service.text.annotate import Annotation, Sentiment, annotate, supported_languages
from analysis_service.text.terms import Term

__all__ = ["Annotation", "Sentiment", "Term", "annotate", "supported_languages"]
