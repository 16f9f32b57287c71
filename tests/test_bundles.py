"""Bundles made of a real log, checked offline; and what was done to either."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prooftrail import bundles
from prooftrail.bundles import checking, making, places
from prooftrail.cli import main
from prooftrail.core import evidence
from prooftrail.errors import ChainError, EvidenceError, UnavailableError
from prooftrail.integrity.verdict import Verdict
from prooftrail.signing.keys import MasterKey, SigningKeys
from prooftrail.store import connect, proving, reading
from tests.attacks.conftest import attacked, prepared
from tests.attacks.rig import MAIN, MIDDLE, Attacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.bundles.checking import Checked
    from prooftrail.core.vkey import VerificationKey
    from prooftrail.store.connect import Connection

__all__ = ["attacked", "prepared"]  # fixtures

SEQS = [0, 7, 8, MIDDLE, MAIN - 1]


@pytest.fixture
def connection(attacked: Attacked) -> Iterator[Connection]:
    dsn = attacked.trail.dsn
    with connect.connect("verifier", dsn=dsn, autocommit=True) as found:
        yield found


def made(
    attacked: Attacked, connection: Connection, seqs: Sequence[int] = SEQS
) -> dict[str, bytes]:
    stream = attacked.streams["main"]
    with reading.snapshot(connection):
        proven = making.prove(connection, stream, seqs)
        return making.files(proving.items(connection, stream.number, seqs), proven)


def checked(
    files: dict[str, bytes], *keys: VerificationKey, name: str = "main"
) -> Checked:
    return checking.check(
        name, {one: partial(io.BytesIO, data) for one, data in files.items()}, keys
    )


def told(found: Checked) -> str:
    return "; ".join(one.told for one in found.findings)


def test_entries_are_proven_without_the_log(
    attacked: Attacked, connection: Connection
) -> None:
    files = made(attacked, connection)
    assert tuple(files) == bundles.FILES
    for key in attacked.keys().verification_keys:
        found = checked(files, key)
        assert (found.findings, found.verdict) == ([], Verdict.VERIFIED)
        assert (found.entries, found.first, found.last) == (5, 0, MAIN - 1)
        assert found.checkpoint
        assert found.checkpoint.size == MAIN
        assert found.time_s
        assert found.key == key
    every = made(attacked, connection, range(MAIN))
    assert checked(every, *attacked.keys().verification_keys).entries == MAIN
    assert every[bundles.TREE] == b""


def test_without_a_key_from_elsewhere_nothing_is_verified(
    attacked: Attacked, connection: Connection
) -> None:
    files = made(attacked, connection)
    found = checked(files)
    assert found.verdict is Verdict.INCOMPLETE
    assert "nobody vouches for the key" in told(found)
    found = checked(files, *attacked.keys("side").verification_keys)
    assert found.verdict is Verdict.INCOMPLETE
    assert "no key that was given (--key) is of this log" in told(found)


def test_a_thief_s_own_bundle_is_not_verified(
    attacked: Attacked, connection: Connection
) -> None:
    files = made(attacked, connection)
    own = attacked.keys().verification_keys
    theirs = SigningKeys(MasterKey(b"t" * 32), attacked.streams["main"].origin)
    stated = checked(files, *own).checkpoint
    assert stated
    files[bundles.CHECKPOINT] = theirs.sign_checkpoint(stated, time_s=1).encode()
    files[bundles.PUBLIC_KEY] = "".join(
        f"{key.format()}\n" for key in theirs.verification_keys
    ).encode()
    assert checked(files).verdict is Verdict.INCOMPLETE
    found = checked(files, *own)
    assert found.verdict is Verdict.TAMPERED
    assert "not signed by the key that was given" in told(found)


@pytest.mark.parametrize("which", bundles.FILES)
def test_every_byte_of_every_file_counts(
    attacked: Attacked, connection: Connection, which: str
) -> None:
    key = attacked.keys().signer_key
    files = made(attacked, connection, [3, 4, MIDDLE])
    assert checked(files, key).verdict is Verdict.VERIFIED
    for at in range(len(files[which])):
        data = bytearray(files[which])
        data[at] ^= 1 << at % 8
        found = checked({**files, which: bytes(data)}, key)
        assert found.verdict is Verdict.TAMPERED, f"byte {at}: {told(found)}"
    for cut in (1, 20, len(files[which])):
        found = checked({**files, which: files[which][:-cut]}, key)
        assert found.verdict is not Verdict.VERIFIED, f"{cut} bytes less"
    found = checked({**files, which: files[which] + b"\n"}, key)
    assert found.verdict is Verdict.TAMPERED
    del files[which]
    assert checked(files, key).verdict is Verdict.INCOMPLETE


def test_no_further_signature_is_taken_unseen(
    attacked: Attacked, connection: Connection
) -> None:
    keys = attacked.keys()
    files = made(attacked, connection)
    note = files[bundles.CHECKPOINT]
    plain, timed = note.splitlines(keepends=True)[-2:]
    for other in (
        note.replace(timed, b""),
        note + timed,
        note.replace(plain, b""),
        note + "— x AAAAAAAA\n".encode(),
    ):
        found = checked({**files, bundles.CHECKPOINT: other}, *keys.verification_keys)
        assert found.verdict is Verdict.TAMPERED
    first = files[bundles.PUBLIC_KEY].splitlines(keepends=True)[0]
    found = checked({**files, bundles.PUBLIC_KEY: first}, *keys.verification_keys)
    assert found.verdict is Verdict.TAMPERED
    none = {**files, bundles.PUBLIC_KEY: b""}
    assert checked(none, *keys.verification_keys).verdict is Verdict.VERIFIED
    assert checked(none, keys.signer_key).verdict is Verdict.INCOMPLETE


def test_of_an_edited_log_evidence_is_made_that_does_not_hold(
    attacked: Attacked, connection: Connection
) -> None:
    attacked.disarm()
    attacked.execute(
        "update prooftrail.log set event = event || ' '::bytea"
        " where stream = 1 and seq = %s",
        (MIDDLE,),
    )
    found = checked(made(attacked, connection), attacked.keys().signer_key)
    assert found.verdict is Verdict.TAMPERED
    assert [one.seq for one in found.findings] == [MIDDLE]
    attacked.execute(
        "update prooftrail.log set leaf = sha256('x') where stream = 1 and seq = 5"
    )
    stream = attacked.streams["main"]
    with reading.snapshot(connection):
        assert not making.prove(connection, stream, [7]).fits
    found = checked(made(attacked, connection, [7]), attacked.keys().signer_key)
    assert "do not lead to the root" in told(found)


def test_what_is_missing_or_not_signed_yet_is_said(
    attacked: Attacked, connection: Connection
) -> None:
    stream = attacked.streams["main"]
    with pytest.raises(UnavailableError, match=f"{MAIN} entries are signed, and entry"):
        making.prove(connection, stream, [MAIN])
    attacked.disarm()
    attacked.execute("delete from prooftrail.log where stream = 1 and seq = 9")
    with pytest.raises(ChainError, match="203 leaves went by, not 204"):
        making.prove(connection, stream, [3])
    attacked.execute("update prooftrail.checkpoint set note = 'x' where stream = 1")
    with pytest.raises(ChainError, match="cannot be proven"):
        making.prove(connection, stream, [3])
    attacked.execute("delete from prooftrail.checkpoint where stream = 1")
    with pytest.raises(UnavailableError, match="0 entries are signed"):
        making.prove(connection, stream, [])


def test_no_entry_is_proven_by_the_checkpoint_alone(
    attacked: Attacked, connection: Connection
) -> None:
    files = made(attacked, connection, [])
    found = checked(files, attacked.keys().signer_key)
    assert (found.verdict, found.entries) == (Verdict.VERIFIED, 0)


def invoke(*given: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["verify", *given])
    return done.exit_code, done.output


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_the_command_checks_a_directory_and_a_zip_file(
    attacked: Attacked, connection: Connection, tmp_path: Path, name: str
) -> None:
    key = attacked.keys().signer_key.format()
    files = made(attacked, connection)
    place = tmp_path / name
    inner = {f"a/{one}": data for one, data in files.items()}
    places.write({**files, **inner, "a/other.txt": b"x"}, place)
    with pytest.raises(EvidenceError, match="cannot be written"):
        places.write(files, place)
    code, output = invoke("--evidence", str(place), "--key", key)
    assert code == 0, output
    assert output.splitlines()[-1] == "verified"
    assert f"{name}/a: 5 entries (seq 0 to {MAIN - 1}) under the checkpoint" in output
    code, output = invoke("--evidence", str(place), "--json")
    assert code == 2
    parsed = json.loads(output)
    assert [one["entries"] for one in parsed["evidence"]] == [5, 5]
    assert {one["weight"] for one in parsed["findings"]} == {"incomplete"}
    files[bundles.TREE] = files[bundles.TREE].replace(b'"level":0', b'"level":1', 1)
    other = tmp_path / f"x{name}"
    places.write(files, other)
    code, output = invoke("--evidence", str(other), "--key", key)
    assert (code, "TAMPERED" in output) == (1, True)
    code, output = invoke("--evidence", str(place), "--stream", "main")
    assert (code, "go with --key and --json alone" in output) == (2, True)


def test_a_place_that_is_none_could_not_be_verified(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    garbage = tmp_path / "garbage.zip"
    garbage.write_bytes(b"PK\x03\x04" + bytes(100))
    twice = tmp_path / "twice.zip"
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("tree.jsonl", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("tree.jsonl", b"x")
    for place in (empty, garbage, twice):
        code, output = invoke("--evidence", str(place))
        assert (code, "prooftrail: " in output) == (2, True), output
        assert "Traceback" not in output


def test_a_zip_file_of_flipped_bits_is_an_answer(
    attacked: Attacked, connection: Connection, tmp_path: Path
) -> None:
    key = attacked.keys().signer_key.format()
    place = tmp_path / "a.zip"
    places.write(made(attacked, connection, [3]), place)
    data = place.read_bytes()
    other = tmp_path / "b.zip"
    codes: dict[int, int] = {}
    for at in range(0, len(data), 5):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        other.write_bytes(flipped)
        code, output = invoke("--evidence", str(other), "--key", key)
        assert "Traceback" not in output, f"byte {at}: {output}"
        assert code in (0, 1, 2)
        codes[code] = codes.get(code, 0) + 1
    assert codes[2] > codes.get(1, 0)  # the archive's own sums find most


def test_the_same_files_give_the_same_zip_file(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        places.write({"x": b"1", "a/y": b"2"}, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_lines_without_end_are_not_read_whole() -> None:
    class Endless(io.RawIOBase):
        read_ = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.read_ += len(buffer)
            assert self.read_ < 10 * evidence.MAX_LINE_BYTES
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    def opened() -> Any:
        return io.BufferedReader(Endless())

    found = checking.check("x", dict.fromkeys(bundles.FILES, opened), [])
    assert found.verdict is Verdict.TAMPERED


def test_leaves_and_entries_are_read_by_the_chain_s_index(
    attacked: Attacked, connection: Connection
) -> None:
    for name, asked in (
        ("prove_leaves", {"stream": 1, "size": 100}),
        ("prove_items", {"stream": 1, "seqs": [3, 4]}),
    ):
        text = Path(proving.__file__).parent / "sql" / f"{name}.sql"
        query: Any = "explain (format json) " + text.read_text()
        connection.execute("set enable_seqscan = off")
        [row] = connection.execute(query, asked).fetchall()
        assert "pkey" in json.dumps(row[0])
        assert "Seq Scan" not in json.dumps(row[0])
