import Basics
import CHDF5

/// Other HDF5 files that a file leads to, through external links: only those in folders that the
/// input allows, and nothing that leads out of those again.
@IOLane final class ForeignFiles {
  let file: String
  let policy: ReadPolicy

  init(file: String, policy: ReadPolicy) { (self.file, self.policy) = (file, policy) }

  /// The folder that relative names start from.
  var folder: String { FilePaths.folder(FilePaths.real(file) ?? file) }

  /// The real path of a file that is named in ours.
  private func allowed(_ given: String) throws(HDF5Fault) -> String {
    let full = given.hasPrefix("/") ? given : folder + "/" + given
    guard FilePaths.isInside(full, policy.externalFolders), let real = FilePaths.real(full) else {
      throw HDF5Fault(
        "it leads into another file (\(given)), in none of the folders that the input allows (`external:`)",
        .refused)
    }
    return real
  }

  private func walk(_ path: String) throws(HDF5Fault) -> (HDF5File, [String: HDF5Tree.Dataset]) {
    var inner = policy
    inner.externalFolders = []
    do throws(FileError) {
      let raw = try RawFile(path)
      guard case .hdf5 = try FileSignature.of(raw) else {
        throw FileError(.unsupported, path: path, "not HDF5")
      }
      let file = try HDF5File(raw, policy: inner)
      let datasets = HDF5Walk.datasets(try HDF5Walk.tree(file, inner))
      return (file, datasets)
    } catch { throw HDF5Fault("it leads into another file that cannot be read: \(error)") }
  }

  /// The dataset that an external link leads to.
  func dataset(
    linkedFrom group: hid_t, _ name: String
  ) throws(HDF5Fault) -> HDF5Tree.Dataset {
    let (given, object) = try target(group, name)
    guard !policy.externalFolders.isEmpty else {
      throw HDF5Fault("a link into another file (\(given)), which is not followed", .refused)
    }
    let (source, datasets) = try walk(try allowed(given))
    let path = "/" + object.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    guard var found = datasets[path] else {
      throw HDF5Fault("a link into another file (\(given)) that has no dataset \(path) of its own")
    }
    // Its dimension scales are objects of the other file.
    found.name = name
    found.isAlias = true
    found.scales = nil
    found.attributes.removeAll {
      ["CLASS", "NAME", "_Netcdf4Coordinates", "_Netcdf4Dimid"].contains($0.name)
    }
    found.place.source = source
    return found
  }

  private func target(_ group: hid_t, _ name: String) throws(HDF5Fault) -> (file: String, object: String) {
    var info = H5L_info_t()
    var flags: UInt32 = 0
    guard unsafe H5Lget_info(group, name, &info, isotach_H5P_DEFAULT()) >= 0, info.u.val_size > 1,
      info.u.val_size <= 65536
    else { throw HDF5Fault("a link that cannot be read: \(HDF5Library.cause())") }
    let size = info.u.val_size
    var value = [UInt8](repeating: 0, count: size + 1)
    let status = unsafe value.withUnsafeMutableBytes {
      unsafe H5Lget_val(group, name, $0.baseAddress, size, isotach_H5P_DEFAULT())
    }
    guard status >= 0 else { throw HDF5Fault("a link that cannot be read: \(HDF5Library.cause())") }
    // A byte of version and flags, then two C strings.
    flags = UInt32(value[0])
    guard flags >> 4 == 0 else { throw HDF5Fault("a link of an unknown version") }
    let texts = value[1..<size].split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard texts.count == 2 else { throw HDF5Fault("a link into another file that names none") }
    return (text(of: texts[0]), text(of: texts[1].prefix { $0 != 0 }))
  }
}
