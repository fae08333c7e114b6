/** The fault of a file and the next action, by the operating system's error code. */

export const FAULTS: Record<string, string> = {
  EACCES: "permission denied; check the owner and mode of it and its folder, or choose another",
  EPERM: "the system forbids it; check the owner and mode of it and its folder, or choose another",
  EROFS: "the file system is read-only; choose a folder on another one",
  ENOSPC: "the disk is full; free some space or choose a folder on another disk",
  EDQUOT: "the disk quota is used up; free some space or choose a folder on another disk",
  EISDIR: "it is a folder, not a file; name a file",
  ENOTDIR: "a part of the path is a file, not a folder; name another path",
  EEXIST: "a part of the path is a file, not a folder; name another path",
  EINVAL: "the system cannot use that path (a folder cannot move into itself); name another one",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  ENOLCK: "its file system cannot lock files; choose a folder on a local disk",
  EMFILE: "too many files are open; run fewer things at once",
};
