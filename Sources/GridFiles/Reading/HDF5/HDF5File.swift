import CHDF5

/// An HDF5 file that is open on the lane, and its datasets as they are opened.
@IOLane final class HDF5File {
  let raw: RawFile
  let id: hid_t
  private var datasets: [haddr_t: hid_t] = [:]
  private var recent: [haddr_t] = []

  init(_ raw: RawFile, policy: ReadPolicy) throws(FileError) {
    HDF5Library.prepare()
    guard let access = HDF5Handle(H5Pcreate(isotach_H5P_FILE_ACCESS())) else {
      throw FileError(.inputOutput, path: raw.path, HDF5Library.cause())
    }
    // Objects that are still open must not keep the file open behind our back.
    H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG)
    H5Pset_file_locking(access.id, true, true)
    // Relative names of external storage are resolved from the file's folder, which only its path tells.
    let name = policy.externalFolders.isEmpty ? raw.descriptorPath : raw.path
    let id = unsafe H5Fopen(name, isotach_H5F_ACC_RDONLY(), access.id)
    guard id >= 0 else {
      throw FileError(.damaged, path: raw.path, "the HDF5 library cannot open it: \(HDF5Library.cause())")
    }
    (self.raw, self.id) = (raw, id)
  }

  isolated deinit {
    for dataset in datasets.values { H5Idec_ref(dataset) }
    H5Fclose(id)
  }

  /// The open dataset at that address; a few are kept open.
  func dataset(_ place: HDF5Place, subject: String) throws(FileError) -> hid_t {
    if let open = datasets[place.address] { return open }
    let opened: hid_t
    if let prefix = place.externalPrefix {
      guard let access = HDF5Handle(H5Pcreate(isotach_H5P_DATASET_ACCESS())),
        unsafe H5Pset_efile_prefix(access.id, prefix) >= 0
      else { throw FileError(.inputOutput, path: raw.path, subject: subject, HDF5Library.cause()) }
      opened = unsafe H5Dopen2(id, place.path, access.id)
    } else {
      opened = H5Oopen_by_addr(id, place.address)
    }
    guard opened >= 0 else {
      throw FileError(
        .damaged, path: raw.path, subject: subject, "cannot be opened: \(HDF5Library.cause())")
    }
    if recent.count >= 64 {
      if let old = datasets.removeValue(forKey: recent.removeFirst()) { H5Idec_ref(old) }
    }
    datasets[place.address] = opened
    recent.append(place.address)
    return opened
  }
}

/// What is needed to read one dataset, beside what `Variable` tells.
struct HDF5Place: Sendable {
  let address: haddr_t
  /// The dataset's own path, which differs from the variable's for `_nc4_non_coord_` names.
  let path: String
  let type: StoredType
  /// What is stored; shorter than the variable's dimensions where another variable has more records.
  let extents: [Int]
  let layout: Layout
  let filters: [RawFilter]
  /// One element as it stands in the file, for what was never written; nil for types with pointers.
  let fill: [UInt8]?
  /// The folder that relative names of external storage start from; nil without external storage.
  let externalPrefix: String?

  enum Layout: Sendable {
    case compact
    /// The offset in the file; nil when nothing was written.
    case contiguous(Int64?)
    case chunked([Int])
  }

  struct RawFilter: Sendable {
    let id: Int32
    let values: [UInt32]
  }
}
