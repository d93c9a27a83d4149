"""Compiles the standard library once, so that no start has to: .py in a zip becomes .pyc in a zip."""

import importlib.util
import marshal
import zipfile

# Hash-based and never checked (PEP 552): there is no source beside it to check against.
UNCHECKED = (0b01).to_bytes(4, "little")


def _code_file(name, source):
    code = compile(source, f"/lib/{name}", "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def build(source_zip, target_zip):
    with zipfile.ZipFile(source_zip) as source, zipfile.ZipFile(
        target_zip, "w", zipfile.ZIP_DEFLATED
    ) as target:
        for info in sorted(source.infolist(), key=lambda item: item.filename):
            content = source.read(info)
            name = info.filename
            if name.endswith(".py"):
                try:
                    content = _code_file(name, content)
                    name += "c"
                except SyntaxError:
                    pass  # a sample of broken code stays as it is
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
