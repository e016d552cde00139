import CNetCDF
import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// Writing and reading one field of float32 maps, chunks of a quarter map, shuffle and deflate: our chunks against
/// netCDF-C's own path. `Tests/peers/bench_io.py` does the same with netCDF4-python on the same file.
enum BenchIO {
  static let (rows, columns) = (360, 720)
  static let chunkRows = 90

  static func run(_ options: BenchOptions) async throws {
    let megabytes = try options.integer("megabytes", 256)
    let runs = try options.integer("runs", 2)
    let level = try options.integer("level", 4)
    let path = options.text("file", "bench_io.nc")
    let part = options.text("only", "all")
    let way = options.text("way", "all")
    let most = try options.integer("workers", 2)
    try options.finish()
    guard ["all", "write", "read"].contains(part) else { throw BenchError("--only takes write or read") }
    guard ["all", "isotach", "library"].contains(way) else {
      throw BenchError("--way takes isotach or library")
    }
    let steps = max(1, megabytes * 1_000_000 / (rows * columns * 4))
    let bytes = steps * rows * columns * 4
    let workers = Array(Set([1, most])).sorted()
    let maps = (0..<8).map(map)

    if part != "read" {
      if way != "isotach" {
        let seconds = try await Clock.best(of: runs) {
          try await writeByLibrary(path + ".library.nc", steps, level, maps)
        }
        unlink(path + ".library.nc")
        report("io", "write", way: "netCDF-C", workers: 1, seconds: seconds, bytes: bytes)
      }
      for workers in workers where way != "library" {
        let seconds = try await Clock.best(of: runs) { try await write(path, steps, level, maps, workers) }
        report("io", "write", way: "isotach", workers: workers, seconds: seconds, bytes: bytes)
      }
    }
    if part != "write" {
      for (route, name) in [(ReadPolicy.Route.library, "library route"), (.fast, "isotach")]
      where way == "all" || way == "isotach" && route == .fast || way == "library" && route == .library {
        for workers in route == .fast ? workers : [1] {
          let seconds = try await Clock.best(of: runs) { try await read(path, route, maps, workers) }
          report("io", "read", way: name, workers: workers, seconds: seconds, bytes: bytes)
        }
      }
    }
  }

  /// A temperature-like map: large waves and small-scale noise, to a hundredth or so of a kelvin, as data
  /// that were packed once are. Deflate makes it about half as large.
  static func map(_ step: Int) -> [Float] {
    var state = UInt32(truncatingIfNeeded: 12345 + 7919 * step)
    var values: [Float] = []
    values.reserveCapacity(rows * columns)
    for j in 0..<rows {
      let latitude = (Double(j) + 0.5) / Double(rows) * .pi - .pi / 2
      for i in 0..<columns {
        let longitude = 2 * .pi * (Double(i) + 0.5) / Double(columns)
        state = state &* 1_664_525 &+ 1_013_904_223
        let noise = Double(state >> 8) / Double(1 << 24) - 0.5
        let wave = 8 * sin(5 * longitude + 0.1 * Double(step)) * cos(latitude)
        let value = 255 + 45 * cos(latitude) + wave + 0.5 * noise
        values.append(Float((value * 128).rounded() / 128))
      }
    }
    return values
  }

  static func definition(_ steps: Int, _ level: Int) -> FileDefinition {
    FileDefinition(
      dimensions: [
        Dimension(name: "time", length: steps, isUnlimited: true), Dimension(name: "lat", length: rows),
        Dimension(name: "lon", length: columns),
      ],
      attributes: [Attribute("Conventions", "CF-1.11")],
      variables: [
        VariableDefinition(
          name: "time", type: .float64, dimensions: ["time"],
          attributes: [Attribute("units", "days since 2000-01-01"), Attribute("standard_name", "time")],
          chunks: [512]),
        VariableDefinition(
          name: "lat", type: .float64, dimensions: ["lat"],
          attributes: [Attribute("units", "degrees_north"), Attribute("standard_name", "latitude")]),
        VariableDefinition(
          name: "lon", type: .float64, dimensions: ["lon"],
          attributes: [Attribute("units", "degrees_east"), Attribute("standard_name", "longitude")]),
        VariableDefinition(
          name: "tas", type: .float32, dimensions: ["time", "lat", "lon"],
          attributes: [Attribute("units", "K"), Attribute("standard_name", "air_temperature")],
          fill: .float32([1e20]), chunks: [1, chunkRows, columns], deflate: level, shuffle: true),
      ])
  }

  /// Our way: `workers` tasks encode, chunks are written in order.
  static func write(_ path: String, _ steps: Int, _ level: Int, _ maps: [[Float]], _ workers: Int)
    async throws
  {
    let file = try await OutputFile.create(path, definition(steps, level), inputs: [])
    try await file.write("time", (0..<steps).map(Double.init), start: [0], count: [steps])
    let height = 180.0 / Double(rows)
    let width = 360.0 / Double(columns)
    try await file.write(
      "lat", (0..<rows).map { -90 + (Double($0) + 0.5) * height }, start: [0], count: [rows])
    try await file.write(
      "lon", (0..<columns).map { (Double($0) + 0.5) * width }, start: [0], count: [columns])
    let perMap = rows / chunkRows
    let chunks = steps * perMap
    let size = chunkRows * columns
    let encode: @Sendable (Int) throws -> OutputFile.EncodedChunk = { index in
      try maps[index / perMap % maps.count].withUnsafeBytes { map in
        let start = index % perMap * size * 4
        return try file.encode("tas", UnsafeRawBufferPointer(rebasing: map[start..<start + size * 4]))
      }
    }
    try await withThrowingTaskGroup(of: (Int, OutputFile.EncodedChunk).self) { group in
      var (started, next) = (0, 0)
      var waiting: [Int: OutputFile.EncodedChunk] = [:]
      while next < chunks {
        while started < chunks, started < next + 4 * workers, started - next - waiting.count < workers {
          let index = started
          group.addTask { (index, try encode(index)) }
          started += 1
        }
        if let chunk = waiting.removeValue(forKey: next) {
          try await file.write("tas", chunkAt: [next / perMap, next % perMap * chunkRows, 0], chunk)
          next += 1
        } else if let (index, chunk) = try await group.next() {
          waiting[index] = chunk
        }
      }
    }
    try await file.publish()
  }

  /// The plain way, without fsync and rename.
  @IOLane static func writeByLibrary(_ path: String, _ steps: Int, _ level: Int, _ maps: [[Float]]) throws {
    func check(_ status: CInt) throws {
      guard status == NC_NOERR else { throw BenchError(String(cString: nc_strerror(status))) }
    }
    var (file, variable): (CInt, CInt) = (-1, -1)
    var dimensions: [CInt] = [-1, -1, -1]
    try check(nc_create(path, NC_NETCDF4 | NC_CLASSIC_MODEL | NC_CLOBBER, &file))
    try check(nc_def_dim(file, "time", 0, &dimensions[0]))
    try check(nc_def_dim(file, "lat", rows, &dimensions[1]))
    try check(nc_def_dim(file, "lon", columns, &dimensions[2]))
    try check(nc_def_var(file, "tas", NC_FLOAT, 3, dimensions, &variable))
    try check(nc_put_att_float(file, variable, "_FillValue", NC_FLOAT, 1, [1e20]))
    try check(nc_def_var_chunking(file, variable, NC_CHUNKED, [1, chunkRows, columns]))
    try check(nc_def_var_deflate(file, variable, 1, 1, CInt(level)))
    try check(nc_enddef(file))
    for step in 0..<steps {
      try check(
        nc_put_vara_float(file, variable, [step, 0, 0], [1, rows, columns], maps[step % maps.count]))
    }
    try check(nc_close(file))
  }

  /// Reads the field eight maps at a time.
  static func read(_ path: String, _ route: ReadPolicy.Route, _ maps: [[Float]], _ workers: Int) async throws
  {
    var policy = ReadPolicy()
    policy.route = route
    let file = try await SourceFile.open(path, policy: policy)
    guard let variable = file.header.variable("tas"), let steps = variable.extents.first else {
      throw BenchError("\(path) has no variable tas")
    }
    let size = rows * columns
    let values = UnsafeMutablePointer<Float>.allocate(capacity: 8 * size)
    let validity = UnsafeMutablePointer<UInt8>.allocate(capacity: 8 * size)
    defer {
      values.deallocate()
      validity.deallocate()
    }
    let target = FloatTarget(values: values, validity: validity, strides: [size, columns, 1])
    var decoding = Decoding()
    decoding.missing = [Double(Float(1e20))]
    for first in stride(from: 0, to: steps, by: 8) {
      let slab = Hyperslab(start: [first, 0, 0], count: [min(8, steps - first), rows, columns])
      try await file.read(variable, slab, decoding: decoding, into: target, workers: workers)
      guard validity[0] == 1, values[0] == maps[first % 8][0] else {
        throw BenchError("wrong values at \(first)")
      }
    }
  }
}
