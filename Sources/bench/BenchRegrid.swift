import Grids
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// Regridding: weights and their application in this process, and a whole run from file to file beside
/// `cdo -P 2 remapbil` with the same compression on the same input.
enum BenchRegrid {
  static func run(_ options: BenchOptions) async throws {
    let program = options.text("program", ".build/release/isotach")
    let peer = options.text("cdo", "/usr/bin/cdo")
    let folder = options.text("folder", "/tmp") + "/isotach-bench-\(getpid())"
    let steps = try options.integer("steps", 240)
    let runs = try options.integer("runs", 2)
    let part = options.text("only", "all")
    try options.finish()
    guard ["all", "weights", "files"].contains(part) else {
      throw BenchError("--only takes weights or files")
    }
    if part != "files" { try await inProcess(runs) }
    if part != "weights" { try await files(program, peer, folder, steps, runs) }
  }

  private static func region(_ grid: Grid, _ maps: Int) -> Region {
    Region(variables: 0..<1, times: 0..<maps, layers: 0..<1, rows: 0..<grid.ny, columns: 0..<grid.nx)
  }

  /// Half a degree to a quarter, and from a curvilinear grid of the same size as EUR-11.
  private static func inProcess(_ runs: Int) async throws {
    let half = try Grid.named("global_0.5"), quarter = try Grid.named("global_0.25")
    let maps = 16
    for (name, source, target, method) in [
      ("bilinear 360x720 -> 720x1440", half, quarter, RegridMethod.bilinear),
      ("conservative 720x1440 -> 360x720", quarter, half, .conservative),
      (
        "bilinear 412x424 curvilinear -> 351x501", try europe(),
        try Grid.regular(
          latitude: .init(first: 35, last: 70, step: 0.1), longitude: .init(first: -10, last: 40, step: 0.1)),
        .bilinear
      ),
      (
        "conservative 412x424 curvilinear -> 351x501", try europe(),
        try Grid.regular(
          latitude: .init(first: 35, last: 70, step: 0.1), longitude: .init(first: -10, last: 40, step: 0.1)),
        .conservative
      ),
    ] {
      var made: RegridWeights?
      let seconds = try await Clock.best(of: runs) {
        made = try RegridWeights.compute(from: source, to: target, method: method)
      }
      guard let weights = made else { continue }
      report("regrid", "weights \(name)", way: "isotach", workers: 2, seconds: seconds, bytes: weights.bytes)
      let input = try Block(uninitialized: region(source, maps)),
        output = try Block(uninitialized: region(target, maps))
      for k in 0..<input.count {
        input.values[k] = Float(k % 1000) * 0.25
        input.validity[k] = 1
      }
      let apply = try await Clock.best(of: max(3, runs)) {
        try weights.apply(input, to: output, rule: RegridRule(method))
      }
      report(
        "regrid", "apply \(name)", way: "isotach", workers: 1, seconds: apply,
        bytes: (input.count + output.count) * 4)
    }
  }

  private static func europe() throws -> Grid {
    var grid = Grid(kind: .curvilinear, y: .index("y", 412), x: .index("x", 424))
    let pole = RotatedPole(poleLatitude: 39.25, poleLongitude: -162)
    for j in 0..<412 {
      for i in 0..<424 {
        let place = pole.inverse(-28.375 + 0.11 * Double(i), -23.375 + 0.11 * Double(j))
        grid.latitudes.append(place.latitude)
        grid.longitudes.append(place.longitude)
      }
    }
    return grid
  }

  private static func files(_ program: String, _ peer: String, _ folder: String, _ steps: Int, _ runs: Int)
    async throws
  {
    guard mkdir(folder, 0o700) == 0 else { throw BenchError("\(folder): \(BenchStart.reason())") }
    let (input, pipeline) = (folder + "/in.nc", folder + "/p.yaml")
    let (ours, theirs) = (folder + "/ours.nc", folder + "/theirs.nc")
    defer {
      for path in [input, pipeline, ours, theirs] { unlink(path) }
      rmdir(folder)
    }
    try await BenchIO.write(input, steps, 4, (0..<8).map(BenchIO.map), 2)
    try BenchStart.write(
      """
      name: regrid
      inputs:
        field: {files: "\(input)", variable: tas}
      stages:
        - regrid: {input: field, to: r1440x720, method: bilinear, as: fine}
      outputs:
        - {input: fine, file: "\(ours)", compression: 4}
      metadata: {title: regrid, institution: bench}
      """, to: pipeline)
    let bytes = steps * 720 * 1440 * 4
    for round in 0..<runs {
      // In turn, so that what else the machine does falls on both.
      for (way, arguments) in [
        ("isotach", [program, "run", pipeline, "--threads", "2"]),
        (
          "cdo -P 2",
          [peer, "-s", "-O", "-P", "2", "-f", "nc4", "-z", "zip_4", "remapbil,r1440x720", input, theirs]
        ),
      ] {
        unlink(way == "isotach" ? ours : theirs)
        let start = Clock.seconds()
        let status = try BenchStart.spawn(arguments)
        let seconds = Clock.seconds() - start
        guard status == 0 else {
          throw BenchError("\(arguments.joined(separator: " ")) ended with \(status)")
        }
        report(
          "regrid", "file to file, run \(round + 1)", way: way, workers: 2, seconds: seconds, bytes: bytes)
      }
    }
  }
}
