"""What is kept of a user: the risk, and the life of actions."""

import struct

import msgspec

from operators.policy.life import Life
from operators.policy.risk import UserRisk
from operators.settling import UNKNOWN

_FORMAT = 2
_HEAD = struct.Struct("<BBq")
_encode_life = msgspec.msgpack.Encoder().encode
_decode_life = msgspec.msgpack.Decoder(Life).decode


class UserState(msgspec.Struct, gc=False):
    """A user to the policy. Most have a risk alone, and nobody who never was one has a state."""

    risk: UserRisk | None = None
    life: Life | None = None
    since: int = UNKNOWN
    """When the policy that left the risk had come into force."""

    def encode(self) -> bytes:
        """The format, the size of the risk, `since`, the risk, and what is left is the life's."""
        risk = b"" if self.risk is None else self.risk.encode()
        life = b"" if self.life is None else _encode_life(self.life)
        return _HEAD.pack(_FORMAT, len(risk), self.since) + risk + life

    @classmethod
    def decode(cls, data: bytes) -> "UserState":
        """The inverse of `encode`. Raises ValueError for anything else."""
        if len(data) < _HEAD.size or data[0] != _FORMAT:
            raise ValueError(f"{len(data)} bytes are no user's state of format {_FORMAT}")
        _, size, since = _HEAD.unpack_from(data)
        start = _HEAD.size + size
        risk, life = data[_HEAD.size : start], data[start:]
        return cls(UserRisk.decode(risk) if size else None, _decode_life(life) if life else None, since)
