"""The workbench put together: one page a user, mounted on the application."""

from fastapi import FastAPI
from nicegui import ui

from qualweave.api.service import Service
from qualweave.api.workbench.analyst import add_analyst
from qualweave.api.workbench.architect import add_architect
from qualweave.api.workbench.engineer import add_engineer
from qualweave.api.workbench.floor import add_floor
from qualweave.api.workbench.home import add_home
from qualweave.api.workbench.live import add_live
from qualweave.api.workbench.models import add_models
from qualweave.api.workbench.texts import add_texts
from qualweave.config import Settings
from qualweave.principal import Principal


def mount(app: FastAPI, service: Service, settings: Settings) -> None:
    """Put the workbench on an application, its first page at ``/``."""
    who = Principal(id="workbench", roles=frozenset({"reader"}), tenant=settings.tenant)
    add_home(service, who)
    add_analyst(service, who)
    add_engineer(service, settings, who)
    add_live(service, settings, app.state.live, who)
    add_architect(service, settings)
    add_floor(service, settings, who)
    add_texts(service, settings)
    add_models(service, settings)
    ui.run_with(app, title="Qualweave", show_welcome_message=False)
