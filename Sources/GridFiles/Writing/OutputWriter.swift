#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CHDF5
import CNetCDF
import Kernels

/// The lane's side of an output: the file as HDF5 sees it, after netCDF-C has defined it.
@IOLane final class OutputWriter {
  private let layout: FileLayout
  private let file: TemporaryFile
  private var id: hid_t = -1
  private var datasets: [String: hid_t] = [:]
  private var isOver = false
  /// A call has failed: HDF5 crashes when such a file is closed, so it never is.
  private var isBroken = false

  init(layout: FileLayout, file: TemporaryFile) { (self.layout, self.file) = (layout, file) }

  /// Defines everything and gives each variable its full extents.
  func begin() throws(FileError) {
    try NetCDFDefinition.write(layout, to: file)
    let access = H5Pcreate(isotach_H5P_FILE_ACCESS())
    defer { H5Pclose(access) }
    // Closing the file closes all that is open in it.
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG)
    errno = 0
    id = H5Fopen(file.libraryPath, isotach_H5F_ACC_RDWR(), access)
    try check(id >= 0, nil, "it cannot be opened again")
    for variable in layout.variables {
      errno = 0
      let dataset = H5Dopen2(id, variable.dataset, 0)
      try check(dataset >= 0, variable, "it was not defined")
      datasets[variable.definition.name] = dataset
      if variable.isGrowing {
        errno = 0
        let extents = variable.extents.map { hsize_t($0) }
        try check(H5Dset_extent(dataset, extents) >= 0, variable, "it cannot be made longer")
      }
    }
  }

  /// Writes a part of a variable; `bytes` are elements of the variable's own type.
  func write(_ variable: FileLayout.Variable, _ bytes: [UInt8], start: [Int], count: [Int])
    throws(FileError)
  {
    let dataset = try dataset(variable)
    guard !bytes.isEmpty else { return }
    let type = H5Dget_type(dataset)
    defer { H5Tclose(type) }
    errno = 0
    guard !start.isEmpty else {
      return try check(H5Dwrite(dataset, type, 0, 0, 0, bytes) >= 0, variable, "it cannot be written")
    }
    let space = H5Dget_space(dataset)
    defer { H5Sclose(space) }
    let extents = count.map { hsize_t($0) }
    let memory = H5Screate_simple(CInt(count.count), extents, nil)
    defer { H5Sclose(memory) }
    let isSelected =
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.map { hsize_t($0) }, nil, extents, nil) >= 0
    errno = 0
    try check(
      isSelected && H5Dwrite(dataset, type, memory, space, 0, bytes) >= 0, variable, "it cannot be written")
  }

  func write(_ variable: FileLayout.Variable, chunkAt origin: [Int], _ bytes: [UInt8], filterMask: UInt32)
    throws(FileError)
  {
    let dataset = try dataset(variable)
    errno = 0
    try check(
      H5Dwrite_chunk(dataset, 0, filterMask, origin.map { hsize_t($0) }, bytes.count, bytes) >= 0, variable,
      "a chunk cannot be written")
  }

  /// Closes the file, opens it again as a reader would, and compares it with what was asked for.
  func finish() throws(FileError) {
    for variable in layout.variables where variable.chunkCount > 0 {
      let dataset = try dataset(variable)
      let space = H5Dget_space(dataset)
      defer { H5Sclose(space) }
      var chunks: hsize_t = 0
      errno = 0
      try check(H5Dget_num_chunks(dataset, space, &chunks) >= 0, variable, "its chunks cannot be counted")
      guard chunks == hsize_t(variable.chunks) else {
        throw FileError(
          .inputOutput, path: file.target, subject: variable.definition.name,
          "\(chunks) of its \(variable.chunks) chunks were written")
      }
    }
    try close()
    try verify()
  }

  private func close() throws(FileError) {
    guard id >= 0 else { return }
    isOver = true
    datasets.removeAll()
    // The flush first: a failure leaves less behind in it than in the close.
    errno = 0
    try check(H5Fflush(id, H5F_SCOPE_GLOBAL) >= 0, nil, "it cannot be completed")
    errno = 0
    let isClosed = H5Fclose(id) >= 0
    id = -1
    try check(isClosed, nil, "it cannot be closed")
  }

  /// Gives up. What HDF5 writes when it closes the file goes to memory instead of a disk that may be full. The
  /// descriptor of a broken file stays open, and with it the inode, by which HDF5 knows files.
  func abandon() {
    isOver = true
    guard id >= 0 else { return }
    if !isBroken, redirect() {
      datasets.removeAll()
      H5Fclose(id)
    }
    id = -1
  }

  private func redirect() -> Bool {
    var handle: UnsafeMutableRawPointer?
    guard H5Fget_vfd_handle(id, 0, &handle) >= 0, let handle else { return false }
    let memory = isotach_memory_file()
    guard memory >= 0 else { return false }
    defer { Glibc.close(memory) }
    let descriptor = handle.assumingMemoryBound(to: CInt.self).pointee
    guard dup2(memory, descriptor) >= 0 else { return false }
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) >= 0
  }

  private func dataset(_ variable: FileLayout.Variable) throws(FileError) -> hid_t {
    guard !isOver, let dataset = datasets[variable.definition.name] else {
      throw FileError(.refused, path: file.target, "the file is closed already")
    }
    return dataset
  }

  private func check(_ isGood: Bool, _ variable: FileLayout.Variable?, _ action: String) throws(FileError) {
    guard !isGood else { return }
    isBroken = true
    throw failure(
      SystemReason.afterLibraryFailure(errno: errno, descriptor: file.descriptor), variable, action)
  }

  private func failure(_ reason: CInt?, _ variable: FileLayout.Variable?, _ action: String) -> FileError {
    guard let reason else {
      return FileError(
        .inputOutput, path: file.target, subject: variable?.definition.name,
        "\(action): HDF5 failed and the system names no reason")
    }
    return FileError(
      SystemReason.kind(reason), path: file.target, subject: variable?.definition.name,
      "\(action): \(SystemReason.sentence(reason, descriptor: file.descriptor))")
  }
}

// MARK: - The check before the file is published

extension OutputWriter {
  /// Opens the closed file with netCDF-C: dimensions, attributes, and type, shape and storage of variables.
  private func verify() throws(FileError) {
    func fault(_ subject: String?, _ cause: String) -> FileError {
      FileError(.inputOutput, path: file.target, subject: subject, "the file just written is wrong: \(cause)")
    }
    var id: CInt = -1
    let status = nc_open(file.libraryPath, NC_NOWRITE, &id)
    guard status == NC_NOERR else { throw fault(nil, String(cString: nc_strerror(status))) }
    defer { nc_close(id) }
    var (dimensions, variables, attributes): (CInt, CInt, CInt) = (0, 0, 0)
    guard nc_inq(id, &dimensions, &variables, &attributes, nil) == NC_NOERR,
      Int(dimensions) == layout.dimensions.count, Int(variables) == layout.variables.count,
      Int(attributes) == layout.attributes.count
    else {
      throw fault(
        nil, "\(dimensions) dimensions, \(variables) variables and \(attributes) attributes in it")
    }
    var lengths: [CInt: Int] = [:]
    for dimension in layout.dimensions {
      var (dimensionID, length): (CInt, Int) = (-1, 0)
      guard nc_inq_dimid(id, dimension.name, &dimensionID) == NC_NOERR,
        nc_inq_dimlen(id, dimensionID, &length) == NC_NOERR
      else { throw fault(dimension.name, "the dimension is not in it") }
      // An unlimited dimension is as long as the variables that have it.
      let isUsed = layout.variables.contains { $0.definition.dimensions.contains(dimension.name) }
      guard length == dimension.length || dimension.isUnlimited && !isUsed else {
        throw fault(dimension.name, "its length is \(length), not \(dimension.length)")
      }
      lengths[dimensionID] = length
    }
    for variable in layout.variables {
      let name = variable.definition.name
      var (variableID, rank, count): (CInt, CInt, CInt) = (-1, 0, 0)
      guard nc_inq_varid(id, name, &variableID) == NC_NOERR,
        nc_inq_varndims(id, variableID, &rank) == NC_NOERR, Int(rank) == variable.extents.count,
        nc_inq_varnatts(id, variableID, &count) == NC_NOERR
      else { throw fault(name, "the variable is not in it as defined") }
      var ids = [CInt](repeating: -1, count: Int(rank))
      guard nc_inq_vardimid(id, variableID, &ids) == NC_NOERR,
        ids.map({ lengths[$0] }) == variable.extents.map(Optional.some),
        Int(count) == variable.definition.attributes.count + (variable.definition.fill == nil ? 0 : 1)
      else { throw fault(name, "its shape or its attributes are not as defined") }
    }
  }
}
