"""`emotone store cluster` and `emotone store map`: what lies near what."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..atlas import Atlas, AtlasOptions, cluster_record, cluster_rows, make_atlas, map_page, read_rows
from ..cluster import ClusterOptions, Layout, Method
from ..errors import EmotoneError
from ..outputs import save_text
from ..store import parse_condition
from ..writers import to_csv, to_json
from .console import ERR, LANGUAGE, OPTIONS, OUT, fail, new_table, say, shown, write
from .matches import where_option
from .options import format_option, output_file
from .reports import print_saved

place_argument = click.argument("place", metavar=say("STORE|RUN|FILE", "向量库|批处理|文件"))


def grouping_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of both commands, given as `options` without a layout, and `where`."""

    @click.option(
        "--method",
        type=click.Choice(["kmeans", "hdbscan"]),
        default="kmeans",
        show_default=True,
        help=say(
            "kmeans: every row is in a cluster; hdbscan: dense places, other rows are in none.",
            "kmeans：每一行都归入某个聚类；hdbscan：只取密集处，其余不归类。",
        ),
    )
    @click.option(
        "--clusters",
        type=click.IntRange(min=2),
        metavar="N",
        help=say("Of kmeans. Default: what fits best, up to 12.", "kmeans 的聚类数。默认取最合适的数目，最多 12。"),
    )
    @click.option(
        "--smallest",
        type=click.IntRange(min=2),
        metavar="N",
        help=say("Rows in the smallest cluster of hdbscan.", "hdbscan 最小聚类的行数。"),
    )
    @click.option(
        "--labels",
        metavar=say("COLUMN", "列"),
        help=say(
            "Column with the labels to check. Default: emotion if there is one, else what was heard.",
            "待检查的标签列。默认为 emotion 列；没有则为识别结果。",
        ),
    )
    @where_option
    @wraps(command)
    def asking(
        *,
        method: Method,
        clusters: int | None,
        smallest: int | None,
        labels: str | None,
        where: tuple[str, ...],
        **more: Any,
    ) -> None:
        command(grouping=ClusterOptions(method, clusters, smallest), labels=labels, where=where, **more)

    return asking


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Find groups that sound alike, labels that neighbours contradict, and outliers.\n\nSTORE may also be the folder of a "
        "batch run with --embedding, or its Parquet export.",
        "查找听起来相似的分组、与邻近录音不符的标签，以及离群录音。\n\n也可以给出使用 --embedding 的批处理文件夹，"
        "或其 Parquet 导出。",
    ),
    epilog=say("Example: emotone store cluster archive", "示例：emotone store cluster archive"),
)
@place_argument
@grouping_options
@output_file(say("A CSV with the cluster of each row.", "将每一行所属的聚类写入 CSV。"), required=False)
@format_option
def cluster(
    place: str, grouping: ClusterOptions, labels: str | None, where: tuple[str, ...], output: Path | None, format_: str
) -> None:
    """Clusters rows."""
    atlas = _atlas(place, where, AtlasOptions("pca", grouping, labels))
    if output is not None:
        try:
            print_saved(save_text(to_csv(cluster_rows(atlas)), output))
        except EmotoneError as error:
            fail(error)
    if format_ == "json":
        write(to_json(cluster_record(atlas)))
    else:
        _print_clusters(atlas)


@click.command(
    "map",
    options_metavar=OPTIONS,
    help=say(
        "Draw a map: one page with every row as a point, to look around, listen, and choose.\n\nThe page holds the paths of the "
        "recordings and plays them from where they are. STORE may also be the folder of a batch run with --embedding, or its "
        "Parquet export.",
        "绘制地图：一个网页，每一行是一个点，可浏览、试听、选取。\n\n网页中含有录音的路径，并从原处播放。"
        "也可以给出使用 --embedding 的批处理文件夹，或其 Parquet 导出。",
    ),
    epilog=say("Example: emotone store map archive -o map.html", "示例：emotone store map archive -o map.html"),
)
@place_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("map.html"),
    show_default=True,
    metavar=say("FILE", "文件"),
    help=say("The page.", "网页文件。"),
)
@click.option(
    "--layout",
    type=click.Choice(["tsne", "pca"]),
    default="tsne",
    show_default=True,
    help=say("tsne: who is near whom; pca: quick, keeps distances.", "tsne：突出邻近关系；pca：快速，保持距离。"),
)
@click.option(
    "--audio",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help=say("What paths are relative to. Default: here.", "相对路径的起点。默认为当前文件夹。"),
)
@grouping_options
def map_(
    place: str,
    output: Path,
    layout: Layout,
    folder: Path | None,
    grouping: ClusterOptions,
    labels: str | None,
    where: tuple[str, ...],
) -> None:
    """Draws a map of rows."""
    atlas = _atlas(place, where, AtlasOptions(layout, grouping, labels, folder))
    name = place.rstrip("/").rsplit("/", 1)[-1]
    try:
        print_saved(save_text(map_page(atlas, name, LANGUAGE), output))
    except EmotoneError as error:
        fail(error)
    _print_look(atlas)


def _atlas(place: str, where: tuple[str, ...], options: AtlasOptions) -> Atlas:
    try:
        table = read_rows(place, [parse_condition(text) for text in where])
        with ERR.status(say("Comparing", "正在比较")):
            return make_atlas(table, options)
    except EmotoneError as error:
        fail(error)


def _print_clusters(atlas: Atlas) -> None:
    record = cluster_record(atlas)
    table = new_table(
        say("cluster", "聚类"), say("rows", "行数"), say("mostly", "主要标签"), "", say("typical", "典型录音")
    )
    for one in record["clusters"]:
        label = "–" if one["label"] is None else shown(one["label"])
        typical = one["typical"]["file"].rsplit("/", 1)[-1]
        table.add_row(str(one["cluster"]), f"{one['rows']:,}", escape(label), f"{one['share']:.0%}", escape(typical))
    if record["in_no_cluster"]:
        table.add_row("–", f"{record['in_no_cluster']:,}", "", "", "")
    OUT.print(table)
    quality = [
        (say("silhouette", "轮廓系数"), record["silhouette"]),
        (
            say(f"adjusted mutual information with '{atlas.named}'", f"与“{atlas.named}”的调整互信息"),
            record["adjusted_mutual_information"],
        ),
    ]
    for title, value in quality:
        if value is not None:
            OUT.print(f"{title}: {round(value, 2) + 0.0:.2f}", markup=False)  # never -0.00
    _print_look(atlas)


def _print_look(atlas: Atlas) -> None:
    doubted, strange = len(atlas.doubted), len(atlas.strange)
    ERR.print(
        say(
            f"{len(atlas):,} rows; {doubted:,} likely mislabelled, {strange:,} outliers.",
            f"共 {len(atlas):,} 行；可能标错 {doubted:,} 行，离群 {strange:,} 行。",
        ),
        markup=False,
    )
    if atlas.dropped:
        ERR.print(
            say(
                f"{atlas.dropped:,} rows have no embedding and were left out.",
                f"{atlas.dropped:,} 行没有嵌入向量，已略过。",
            ),
            markup=False,
        )
