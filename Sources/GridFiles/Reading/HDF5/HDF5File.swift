import Basics
import CHDF5

/// An HDF5 file that is open on the lane, and its datasets as they are opened.
@IOLane final class HDF5File {
  let raw: RawFile
  let id: hid_t
  private let datasetAccess: hid_t
  private var datasets: [haddr_t: hid_t] = [:]
  private var recent: [haddr_t] = []

  init(_ raw: RawFile, policy: ReadPolicy) throws(FileError) {
    HDF5Library.prepare()
    guard let access = HDF5Handle(H5Pcreate(isotach_H5P_FILE_ACCESS())) else {
      throw FileError(.inputOutput, path: raw.path, HDF5Library.cause())
    }
    // A file that is open twice in one process must be opened the same way; all that we open we close.
    H5Pset_fclose_degree(access.id, H5F_CLOSE_WEAK)
    H5Pset_file_locking(access.id, true, true)
    // Relative names of external storage are resolved from the file's folder, which only its path tells.
    let name = policy.externalFolders.isEmpty ? raw.descriptorPath : raw.path
    let id = unsafe H5Fopen(name, isotach_H5F_ACC_RDONLY(), access.id)
    guard id >= 0 else {
      throw FileError(.damaged, path: raw.path, "the HDF5 library cannot open it: \(HDF5Library.cause())")
    }
    // Relative names of other files start from the folder of this one.
    let folder = FilePaths.folder(FilePaths.real(name) ?? raw.path)
    let list = H5Pcreate(isotach_H5P_DATASET_ACCESS())
    guard list >= 0, unsafe H5Pset_efile_prefix(list, folder) >= 0 else {
      H5Fclose(id)
      throw FileError(.inputOutput, path: raw.path, HDF5Library.cause())
    }
    (self.raw, self.id, datasetAccess) = (raw, id, list)
  }

  isolated deinit {
    for dataset in datasets.values { H5Idec_ref(dataset) }
    H5Idec_ref(datasetAccess)
    H5Fclose(id)
  }

  /// Opens a dataset. Always with the same access list: HDF5 shares a file that is open twice in one process,
  /// and then refuses to open a dataset with another list.
  func open(_ path: String) -> HDF5Handle? { HDF5Handle(unsafe H5Dopen2(id, path, datasetAccess)) }

  /// The open dataset at that address; a few are kept open.
  func dataset(_ place: HDF5Place, subject: String) throws(FileError) -> hid_t {
    if let open = datasets[place.address] { return open }
    let opened = unsafe H5Dopen2(id, place.path, datasetAccess)
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
  /// The folder that names of other files start from; nil where all data are in this one.
  let externalPrefix: String?
  /// The file that the dataset is in, when it was reached through a link out of ours.
  var source: HDF5File?

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
