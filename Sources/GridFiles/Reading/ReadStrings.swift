import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension SourceFile {
  /// The strings of a `string`, `fixedString` or `char` variable; of `char` the last dimension is the text.
  /// - Throws: as `read`; `refused` above 2 GiB.
  public func readStrings(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [String]
  {
    let slab = slab ?? Hyperslab(all: variable.extents)
    switch variable.type {
    case .char:
      let bytes = try await readBytes(variable, slab)
      let length = slab.count.last ?? 1
      guard length > 0 else { return Array(repeating: "", count: slab.count.dropLast().reduce(1, *)) }
      return stride(from: 0, to: bytes.count, by: length).map { attributeText(bytes[$0..<($0 + length)]) }
    case .fixedString(let size):
      let bytes = try await readBytes(variable, slab)
      var padding = StoredType.StringPadding.nullTerminated
      if case .hdf5(_, let places) = backing, let place = places[variable.path] {
        padding = place.type.stringPadding
      }
      return stride(from: 0, to: bytes.count, by: max(1, size)).map {
        Numbers.fixedText(bytes[$0..<($0 + size)], padding)
      }
    case .string:
      guard case .hdf5(let file, let places) = backing, let place = places[variable.path],
        place.extents.count == slab.count.count
      else {
        throw FileError(.refused, path: header.path, subject: variable.path, "there is no such variable")
      }
      guard await file.canFilter(place) else { throw FilterNames.error(variable, path: header.path) }
      return try await (place.source ?? file).strings(place, slab, variable)
    default:
      throw FileError(
        .unsupported, path: header.path, subject: variable.path,
        "its type is \(variable.type.name), not text")
    }
  }
}

extension HDF5File {
  static let maximumStrings = 1 << 26

  /// Strings of any length. Elements beyond what is stored are empty.
  func strings(
    _ place: HDF5Place, _ whole: Hyperslab, _ variable: Variable
  ) throws(FileError) -> [String] {
    let subject = variable.path
    for (axis, dimension) in variable.dimensions.enumerated() {
      let (steps, overflow) = max(0, whole.count[axis] - 1).multipliedReportingOverflow(
        by: whole.stride[axis])
      let (last, overflow2) = whole.start[axis].addingReportingOverflow(steps)
      guard whole.start[axis] >= 0, whole.count[axis] >= 0, whole.stride[axis] >= 1, !overflow, !overflow2,
        whole.count[axis] == 0 || last < dimension.length
      else {
        throw FileError(
          .refused, path: raw.path, subject: subject, "a part outside of dimension \(dimension.name)")
      }
    }
    guard let total = checkedProduct(whole.count), total <= HDF5File.maximumStrings else {
      throw FileError(
        .refused, path: raw.path, subject: subject, "too many strings", remedy: "read it in parts")
    }
    var slab = whole
    for axis in slab.count.indices {
      let limit = place.extents[axis]
      slab.count[axis] =
        limit <= slab.start[axis]
        ? 0 : min(slab.count[axis], (limit - slab.start[axis] - 1) / slab.stride[axis] + 1)
    }
    var strings = [String](repeating: "", count: total)
    let stored = slab.count.reduce(1, *)
    guard stored > 0 else { return strings }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: stored)
    var failure: FileError?
    unsafe pointers.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      do throws(FileError) { try unsafe read(place, slab, subject: subject, into: base) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    // From the place in what is stored to the place in what was asked for.
    let strides = LinearRead.strides(whole.count, 1)
    let own = LinearRead.strides(slab.count, 1)
    for index in pointers.indices {
      var rest = index
      var target = 0
      for axis in slab.count.indices {
        target += rest / own[axis] * strides[axis]
        rest %= own[axis]
      }
      if let pointer = unsafe pointers[index] { strings[target] = unsafe cText(pointer) }
    }
    unsafe reclaim(place, &pointers, subject)
    return strings
  }

  private func reclaim(
    _ place: HDF5Place, _ pointers: inout [UnsafeMutablePointer<CChar>?], _ subject: String
  ) {
    guard let dataset = try? dataset(place, subject: subject), let type = HDF5Handle(H5Dget_type(dataset))
    else { return }
    let count = [hsize_t(pointers.count)]
    guard let space = HDF5Handle(unsafe H5Screate_simple(1, count, nil)) else { return }
    unsafe H5Dvlen_reclaim(type.id, space.id, isotach_H5P_DEFAULT(), &pointers)
  }
}
