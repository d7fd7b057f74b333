"""Judges a compose file, read from standard input as if it were `deploy/compose.yaml`.

    compose.py <root of the repository>

Prints one fault a line and ends with 1 if there is any. The specification is judged by its JSON Schema, which lies
beside this file; the rest are rules of this repository: pinned images, ports on the loopback interface, keys that
exist, containers without root and without secrets.
"""

import json
import pathlib
import re
import sys
import tomllib

import yaml
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

LOOPBACK = ("127.0.0.1", "[::1]", "::1")
ROOT_USERS = ("", "root", "0")
SECRET_NAME = re.compile(r"PASS(WORD|WD|PHRASE)|SECRET|TOKEN|PEPPER|CREDENTIAL|(PRIVATE|ACCESS|API)_?KEY", re.I)
# Names of places where a secret lies.
PLACE_NAME = re.compile(r"_(FILE|FILENAME|LOCATION)$", re.I)
SECRET_VALUE = re.compile(r"-----BEGIN|://[^/\s:@]+:[^/\s@]+@|password\s*=", re.I)
# A value of the environment in which the file is used; one with a default is a value after all.
FROM_OUTSIDE = re.compile(r"\$\{?\w+(:?\?[^}]*)?\}?")


class Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, as container engines do."""

    def compose_mapping_node(self, anchor):
        node = super().compose_mapping_node(anchor)
        names = [key.value for key, _ in node.value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.YAMLError(f"`{twice}` stands twice{node.start_mark}")
        return node


def against_the_schema(compose):
    schema = json.loads(pathlib.Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))
    for error in Draft7Validator(schema).iter_errors(compose):
        deepest = best_match([error])
        yield f"{'.'.join(map(str, deepest.absolute_path))}: {deepest.message[:200]}"


def unpinned(image):
    """A tag without a digit, such as `latest`, moves from release to release."""
    tag = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
    return not re.search(r"\d", tag)


def open_ports(service):
    if service.get("network_mode") == "host":
        yield "`network_mode: host` publishes every port"
    for port in service.get("ports", []):
        if isinstance(port, dict):
            address = port.get("host_ip", "")
        else:
            address = str(port).rsplit(":", 2)[0] if str(port).count(":") >= 2 else ""
        if address not in LOOPBACK:
            yield f"port `{port}` is published beyond 127.0.0.1"


def environment(service):
    entries = service.get("environment", {})
    if isinstance(entries, dict):
        return entries
    return dict(entry.partition("=")[::2] for entry in entries)


def keys_of(table, path=""):
    """The keys that one variable can set; a list or a free table cannot be written in one."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{path}{name}.")
        elif not isinstance(value, list):
            yield path + name


def unknown_keys(names, known):
    for name in names:
        if not name.upper().startswith("PACELINE"):
            continue
        key = name.removeprefix("PACELINE__").lower().replace("__", ".")
        if not name.startswith("PACELINE__") or key not in known:
            yield f"`{name}` names no key of the configuration"


def secrets(value, path=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from secrets(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            name, is_pair, text = str(inner).partition("=")
            is_named = is_pair and name.lstrip("-").isidentifier()
            yield from secrets(text, f"{path}.{name}") if is_named else secrets(inner, path)
    elif isinstance(value, str):
        name = path.rsplit(".", 1)[-1]
        is_named = SECRET_NAME.search(name) and not PLACE_NAME.search(name) and value
        if SECRET_VALUE.search(value) or (is_named and not FROM_OUTSIDE.fullmatch(value)):
            yield f"{path}: a secret stands in the file"


def unguarded(service):
    if str(service.get("user", "")).partition(":")[0] in ROOT_USERS:
        yield "`user` is root"
    if not service.get("read_only"):
        yield "the root file system is not read-only"


def dockerfile(path, known):
    if not path.is_file():
        yield f"`build` names `{path}`, which is not there"
        return
    text = path.read_text(encoding="utf-8")
    stages = set()
    for image, stage in re.findall(r"(?mi)^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", text):
        if image not in stages and unpinned(image):
            yield f"{path}: `{image}` is not pinned"
        stages.add(stage)
    users = re.findall(r"(?mi)^USER\s+([^\s:]+)", text)
    if not users or users[-1] in ROOT_USERS:
        yield f"{path}: the last `USER` is root"
    for fault in unknown_keys(re.findall(r"PACELINE_\w+", text), known):
        yield f"{path}: {fault}"


def dangling(service, compose):
    for name in service.get("depends_on", []):
        if name not in compose["services"]:
            yield f"`depends_on` names `{name}`, which is no service"
    for volume in service.get("volumes", []):
        source = volume.get("source", "") if isinstance(volume, dict) else volume.partition(":")[0]
        if re.match(r"[\w-]+$", source) and source not in compose.get("volumes", {}):
            yield f"volume `{source}` is not declared"


def judge(compose, root):
    folder = root / "deploy"
    known = set(keys_of(tomllib.loads((root / "processor/app/src/config/default.toml").read_text(encoding="utf-8"))))
    version = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
    if not compose.get("services"):
        yield "there is no service"
    for name, service in compose.get("services", {}).items():
        image = service.get("image", "")
        faults = [f"image `{image}` is not pinned"] if unpinned(image) else []
        faults += [*open_ports(service), *unknown_keys(environment(service), known), *dangling(service, compose)]
        if service.get("privileged"):
            faults.append("it is privileged")
        if build := service.get("build"):
            build = {"context": build} if isinstance(build, str) else build
            path = folder / build.get("context", ".") / build.get("dockerfile", "Dockerfile")
            faults += [*dockerfile(path, known), *unguarded(service)]
            if image != f"paceline:{version}":
                faults.append(f"image `{image}`, the workspace is {version}")
        yield from (f"services.{name}: {fault}" for fault in faults)
    yield from secrets(compose)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        compose = yaml.load(sys.stdin.buffer, Loader)
    except yaml.YAMLError as error:
        faults = [" ".join(str(error).split())]
    else:
        # Beyond the schema nothing is known of the shapes that the rules read.
        faults = list(against_the_schema(compose)) or list(judge(compose, pathlib.Path(sys.argv[1])))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
