"""The commands, put together."""

import click

from .. import __version__
from .baseline import baseline
from .batch import batch
from .calibrate import calibrate
from .clusters import cluster, map_
from .compare import compare
from .console import COMMAND, OPTIONS, say
from .doctor import doctor
from .embed import embed
from .evaluate import evaluate
from .expecting import expecting
from .models import models
from .predict import predict
from .serve import serve
from .store import store
from .timeline import timeline
from .train import train


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=say(
        "Hear which emotion is expressed in a recording, overall and over time.",
        "识别录音中表达的情绪：整体结果与随时间的变化。",
    ),
    epilog=say("Example: emotone predict speech.wav", "示例：emotone predict speech.wav"),
)
@click.version_option(__version__, "-V", "--version", prog_name="emotone")
def app() -> None:
    """The group of all commands."""


for command in (
    predict,
    timeline,
    embed,
    batch,
    store,
    baseline,
    evaluate,
    compare,
    expecting,
    calibrate,
    train,
    models,
    serve,
    doctor,
):
    app.add_command(command)
for command in (cluster, map_):
    store.add_command(command)
