"""Every error a person can meet: a stable code, what happened, what was not changed, what to do.

RestorebotError
├── UsageError              exit 2: the words of the call are wrong
│   ├── NotFound, Ambiguous, SettingError
├── Refused                 exit 1: the call is understood and not allowed now
│   ├── NotAllowed, WrongState, ShardFull, Held, BackupMarked
├── ExportError             a native export cannot be taken in
│   ├── NotAnExport, TruncatedArchive, UnsafeArchive, TooManyEntries, ForbiddenXml, MalformedXml, MissingEntities,
│   │   WrongAppType
├── DamagedObject           a stored object is not what its backup says (names the object)
├── BadSignature            a manifest's signature or digest does not hold
├── UnknownFormat           an archive of a newer format version or with unknown features
├── StorageError
│   ├── ObjectNotFound, ObjectExists, StorageReadOnly, DiskFull, StorageUnreachable (transient)
│   ├── only where the storage is a service: BucketMissing, WrongRegion, BadCredentials (transient), AccessDenied,
│   │   ClockSkew (transient), WrongChecksum (transient), EncryptionRefused, NotSupported, StorageUnfit, StorageTooOld,
│   │   NotStorable
├── CatalogError            the catalog's database
│   ├── CatalogLocked, CatalogUnreachable, CatalogCrowded, CatalogReadOnly, CatalogFull, CatalogConflict (transient)
│   ├── CatalogTooOld, CatalogUnfit, CatalogMissing, CatalogSignIn, CatalogNotAllowed
├── Fenced                  a token is out of date: another worker has taken over; nothing was written
├── WorkerBroken            a worker cannot go on; what it held goes on elsewhere
├── Cancelled               the run's cancel wish was seen at a step's edge
└── RunFailed               a run ended with findings that block it

Transient errors are worth a retry of the same step, or pass when somebody puts something outside right, so that a run
can be resumed; all others are not.
"""

from typing import ClassVar


class RestorebotError(Exception):
    """Base of all errors. `message` says what happened and what was not changed, `hint` what to do."""

    code: ClassVar[str] = "internal"
    transient: ClassVar[bool] = False
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RestorebotError):
    code = "usage"
    exit_status = 2


class NotFound(UsageError):
    code = "not-found"


class Ambiguous(UsageError):
    code = "ambiguous"


class SettingError(UsageError):
    code = "setting"


class Refused(RestorebotError):
    code = "refused"


class NotAllowed(Refused):
    code = "not-allowed"


class WrongState(Refused):
    code = "wrong-state"


class ShardFull(Refused):
    """As many apps are on the shard, or on their way to it, as the setting allows."""

    code = "shard-full"


class Held(Refused):
    code = "held"


class BackupMarked(Refused):
    code = "backup-marked"


class ExportError(RestorebotError):
    code = "export"


class NotAnExport(ExportError):
    code = "export.not-an-export"


class TruncatedArchive(ExportError):
    code = "export.truncated"


class UnsafeArchive(ExportError):
    """An entry with an absolute or `..` path, a symbolic link, or a compression ratio no real export has."""

    code = "export.unsafe"


class TooManyEntries(ExportError):
    code = "export.too-many-entries"


class ForbiddenXml(ExportError):
    """A document type, an external entity or entity expansion: no Jira or Confluence export has one."""

    code = "export.forbidden-xml"


class MalformedXml(ExportError):
    code = "export.malformed-xml"

    def __init__(self, message: str, *, line: int, column: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


class MissingEntities(ExportError):
    code = "export.no-entities"


class WrongAppType(ExportError):
    code = "export.wrong-app-type"


class DamagedObject(RestorebotError):
    """`key` names the object of the backup that is missing or is not what the manifest says."""

    code = "backup.damaged-object"

    def __init__(self, message: str, *, key: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key = key


class BadSignature(RestorebotError):
    code = "backup.signature"


class UnknownFormat(RestorebotError):
    code = "backup.format-version"


class StorageError(RestorebotError):
    code = "storage"


class ObjectNotFound(StorageError):
    code = "storage.object-not-found"


class ObjectExists(StorageError):
    code = "storage.object-exists"


class StorageReadOnly(StorageError):
    code = "storage.read-only"


class DiskFull(StorageError):
    code = "storage.disk-full"


class StorageUnreachable(StorageError):
    code = "storage.unreachable"
    transient = True


class BucketMissing(StorageError):
    code = "storage.bucket-missing"


class WrongRegion(StorageError):
    code = "storage.wrong-region"


class BadCredentials(StorageError):
    """None, wrong or expired ones. Transient: each try asks the usual chain again, and they may have been renewed."""

    code = "storage.credentials"
    transient = True


class AccessDenied(StorageError):
    code = "storage.access-denied"


class ClockSkew(StorageError):
    code = "storage.clock-skew"
    transient = True


class WrongChecksum(StorageError):
    """Bytes were changed on their way, or under a reader."""

    code = "storage.checksum"
    transient = True


class EncryptionRefused(StorageError):
    code = "storage.encryption"


class NotSupported(StorageError):
    code = "storage.not-supported"


class StorageUnfit(StorageError):
    """The check on connecting found what a storage must be able to do and this one is not."""

    code = "storage.unfit"


class StorageTooOld(StorageError):
    code = "storage.server-too-old"


class NotStorable(StorageError):
    """A value that the destination's database cannot hold."""

    code = "storage.not-storable"


class CatalogError(RestorebotError):
    code = "catalog"


class CatalogLocked(CatalogError):
    code = "catalog.locked"
    transient = True


class CatalogUnreachable(CatalogError):
    code = "catalog.unreachable"
    transient = True


class CatalogCrowded(CatalogError):
    """The server, or this process's own pool, gives no further connection."""

    code = "catalog.too-many-connections"
    transient = True


class CatalogReadOnly(CatalogError):
    """Transient, since it passes: a standby becomes the primary, an administrator ends the mode."""

    code = "catalog.read-only"
    transient = True


class CatalogFull(CatalogError):
    """Transient: what stopped goes on when somebody has freed space."""

    code = "catalog.disk-full"
    transient = True


class CatalogConflict(CatalogError):
    """Two wrote the same at once. Tried again, the second one sees what the first has written."""

    code = "catalog.conflict"
    transient = True


class CatalogTooOld(CatalogError):
    code = "catalog.server-too-old"


class CatalogUnfit(CatalogError):
    """A database that does not hold every text."""

    code = "catalog.unfit"


class CatalogMissing(CatalogError):
    code = "catalog.no-database"


class CatalogSignIn(CatalogError):
    code = "catalog.sign-in"


class CatalogNotAllowed(CatalogError):
    code = "catalog.not-allowed"


class Fenced(RestorebotError):
    code = "fenced"


class WorkerBroken(RestorebotError):
    """A worker lacks something it needs to go on, and ends so that another one is started."""

    code = "worker.broken"


class Cancelled(RestorebotError):
    code = "cancelled"
    exit_status = 4


class RunFailed(RestorebotError):
    code = "run-failed"
