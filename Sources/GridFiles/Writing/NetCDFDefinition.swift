#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CHDF5
import CNetCDF

/// Makes the file's dimensions, attributes and variables through netCDF-C, so that its hidden marks of a
/// netCDF-4 file (dimension scales, `_Netcdf4Dimid`, `_nc3_strict`) are netCDF's own. No numbers are written.
@IOLane struct NetCDFDefinition {
  let layout: FileLayout
  let file: TemporaryFile
  private var id: CInt = -1

  /// Nothing is on disk before the whole is known: `nc_close` crashes when it cannot write.
  static func write(_ layout: FileLayout, to file: TemporaryFile) throws(FileError) {
    var definition = NetCDFDefinition(layout: layout, file: file)
    // Closing a file that is in memory only, and throws it away.
    defer { if definition.id >= 0 { nc_close(definition.id) } }
    try definition.define()
    guard let image = image() else {
      throw FileError(.inputOutput, path: file.target, "HDF5 does not give the file's first bytes")
    }
    try file.write(image)
  }

  private static let memoryName = "isotach-definition.nc"

  /// The bytes of the file in memory, which netCDF-C has no call for: HDF5 is asked.
  private static func image() -> [UInt8]? {
    let kinds = UInt32(H5F_OBJ_FILE)
    // H5F_OBJ_ALL, in place of a file, means all files.
    let everywhere: hid_t = 0x1f
    let count = H5Fget_obj_count(everywhere, kinds)
    guard count > 0 else { return nil }
    var files = [hid_t](repeating: -1, count: count)
    guard H5Fget_obj_ids(everywhere, kinds, count, &files) > 0 else { return nil }
    for file in files {
      var name = [CChar](repeating: 0, count: memoryName.utf8.count + 2)
      guard H5Fget_name(file, &name, name.count) == memoryName.utf8.count,
        name.prefix(memoryName.utf8.count).elementsEqual(memoryName.utf8.lazy.map { CChar($0) })
      else { continue }
      let size = H5Fget_file_image(file, nil, 0)
      guard size > 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard H5Fget_file_image(file, &bytes, size) == size, SuperblockChecksum.repair(&bytes) else {
        return nil
      }
      return bytes
    }
    return nil
  }

  private init(layout: FileLayout, file: TemporaryFile) { (self.layout, self.file) = (layout, file) }

  private mutating func define() throws(FileError) {
    try check(nc_create(Self.memoryName, NC_NETCDF4 | NC_CLASSIC_MODEL | NC_DISKLESS, &id), nil)
    var dimensions: [String: CInt] = [:]
    for dimension in layout.dimensions {
      var dimensionID: CInt = -1
      let length = dimension.isUnlimited ? 0 : dimension.length
      try check(nc_def_dim(id, dimension.name, length, &dimensionID), dimension.name)
      dimensions[dimension.name] = dimensionID
    }
    for attribute in layout.attributes { try put(attribute, NC_GLOBAL, "@\(attribute.name)") }
    for variable in layout.variables { try define(variable, dimensions) }
    try check(nc_enddef(id), nil)
    try check(nc_sync(id), nil)
  }

  private func define(_ variable: FileLayout.Variable, _ dimensions: [String: CInt]) throws(FileError) {
    let definition = variable.definition
    let name = definition.name
    var ids = definition.dimensions.compactMap { dimensions[$0] }
    var variableID: CInt = -1
    try check(
      nc_def_var(id, name, definition.type.netCDF, CInt(ids.count), &ids, &variableID), name)
    // Before everything else, as readers expect it.
    if let fill = definition.fill {
      try put(Attribute("_FillValue", fill), variableID, "\(name)@_FillValue")
    }
    if var chunks = definition.chunks {
      try check(
        chunks.withUnsafeMutableBufferPointer {
          nc_def_var_chunking(id, variableID, NC_CHUNKED, $0.baseAddress)
        },
        name)
      if definition.shuffle || definition.deflate != nil {
        try check(
          nc_def_var_deflate(
            id, variableID, definition.shuffle ? 1 : 0, definition.deflate != nil ? 1 : 0,
            CInt(definition.deflate ?? 0)), name)
      }
    } else if !ids.isEmpty {
      try check(nc_def_var_chunking(id, variableID, NC_CONTIGUOUS, nil), name)
    }
    for attribute in definition.attributes { try put(attribute, variableID, "\(name)@\(attribute.name)") }
  }

  private func put(_ attribute: Attribute, _ variable: CInt, _ subject: String) throws(FileError) {
    let name = attribute.name
    let status: CInt =
      switch attribute.value {
      case .text(let text): putText(text, name, variable)
      case .strings(let strings): putText(strings.first ?? "", name, variable)
      case .int8(let v): nc_put_att_schar(id, variable, name, NC_BYTE, v.count, v)
      case .int16(let v): nc_put_att_short(id, variable, name, NC_SHORT, v.count, v)
      case .int32(let v): nc_put_att_int(id, variable, name, NC_INT, v.count, v)
      case .float32(let v): nc_put_att_float(id, variable, name, NC_FLOAT, v.count, v)
      case .float64(let v): nc_put_att_double(id, variable, name, NC_DOUBLE, v.count, v)
      default: NC_EBADTYPE
      }
    try check(status, subject)
  }

  private func putText(_ text: String, _ name: String, _ variable: CInt) -> CInt {
    Array(text.utf8).withUnsafeBytes { bytes in
      nc_put_att_text(
        id, variable, name, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
    }
  }

  private func check(_ status: CInt, _ subject: String?) throws(FileError) {
    guard status != NC_NOERR else { return }
    throw FileError(
      .refused, path: file.target, subject: subject,
      "netCDF cannot define this: \(String(cString: nc_strerror(status)))")
  }
}

extension ElementType {
  fileprivate var netCDF: nc_type {
    switch self {
    case .int8: NC_BYTE
    case .char: NC_CHAR
    case .int16: NC_SHORT
    case .int32: NC_INT
    case .float32: NC_FLOAT
    case .float64: NC_DOUBLE
    default: NC_NAT
    }
  }
}
