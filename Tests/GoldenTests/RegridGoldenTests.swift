import Foundation
import Grids
import TestSupport
import Testing

/// Regridding of real fields beside CDO's remapbil, remapbic, remapcon and remapnn (measured with CDO 2.1.1):
/// bilinear and conservative agree to 1.2e-6 of the value or better everywhere, poles, seam and masks included
/// (float32 results: 6e-8). remapcon takes sides along meridians and parallels for latitude-longitude grids and
/// great circles for curvilinear ones, as we do.
@Suite(.enabled(if: CDOPeer.isThere, CDOPeer.reason)) struct RegridGoldenTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    /// In ../shared/data.
    let file: String
    /// CDO operators that pick one map.
    let select: String
    let target: Target
    var isFull = false
    var testDescription: String { name }
  }
  enum Target: Sendable {
    /// A name that both know.
    case named(String)
    case steps(latitude: AxisSteps, longitude: AxisSteps)
    /// The grid of another file.
    case file(String, String)
  }

  static let eur11 = ("downscaling/eur11_tas_pair.nc", "selname,tas")
  static let t63 = ("fields/tas_rectilinear_grid_2D.nc", "seltimestep,1")
  static let coarse = ("fields/uwnd_mean.nc", "seltimestep,1")
  // Without the two columns that repeat the first two: CDO counts those cells twice and makes quadrilaterals
  // that lie over each other there.
  static let ocean = ("odd/curvilinear_tos_bipolar.nc", "selindexbox,1,254,1,220 -selname,tos")
  static let cases = [
    Case(
      name: "EUR-11 to 0.1 degree", file: eur11.0, select: eur11.1,
      target: .steps(
        latitude: .init(first: 35, last: 70, step: 0.1), longitude: .init(first: -10, last: 40, step: 0.1))),
    Case(name: "T63 to 1 degree", file: t63.0, select: t63.1, target: .named("r360x180"), isFull: true),
    Case(name: "T63 to 0.5 degree", file: t63.0, select: t63.1, target: .named("r720x360")),
    Case(name: "2.5 degree to 1 degree", file: coarse.0, select: coarse.1, target: .named("r360x180")),
    Case(name: "2.5 degree to global_2", file: coarse.0, select: coarse.1, target: .named("global_2")),
    Case(name: "2.5 degree to Gaussian", file: coarse.0, select: coarse.1, target: .named("n80")),
    Case(
      name: "2.5 degree to EUR-11", file: coarse.0, select: coarse.1, target: .file(eur11.0, eur11.1),
      isFull: true),
    Case(
      name: "2.5 degree to bipolar ocean", file: coarse.0, select: coarse.1, target: .file(ocean.0, ocean.1)),
    Case(
      name: "bipolar ocean to 1 degree", file: ocean.0, select: ocean.1, target: .named("r360x180"),
      isFull: true),
    Case(name: "EUR-11 to bipolar ocean", file: eur11.0, select: eur11.1, target: .file(ocean.0, ocean.1)),
  ]

  static let verbose = ProcessInfo.processInfo.environment["ISOTACH_VERBOSE"] != nil
  struct Difference: CustomStringConvertible {
    var both = 0, onlyOurs = 0, onlyTheirs = 0, over = 0
    var worst = 0.0, at = -1, ours = 0.0, theirs = 0.0
    var description: String {
      "both \(both), only ours \(onlyOurs), only theirs \(onlyTheirs), over 1e-5: \(over), worst \(worst) at \(at): \(ours) and \(theirs)"
    }
  }

  /// Relative to the greater of the value and the field's mean size: winds pass through zero.
  static func compare(_ ours: [Double], _ theirs: [Double]) -> Difference {
    var d = Difference()
    let known = theirs.filter { !$0.isNaN }
    let size = known.reduce(0) { $0 + abs($1) } / Double(max(1, known.count))
    for (k, (a, b)) in zip(ours, theirs).enumerated() {
      switch (a.isNaN, b.isNaN) {
      case (true, true): continue
      case (false, true): d.onlyOurs += 1
      case (true, false): d.onlyTheirs += 1; if verbose { print("THEIRS", k, b) }
      default:
        d.both += 1
        let relative = abs(a - b) / max(abs(b), size)
        if relative > 1e-5 { d.over += 1; if verbose { print("DIFF", k, a, b) } }
        if relative > d.worst { (d.worst, d.at, d.ours, d.theirs) = (relative, k, a, b) }
      }
    }
    return d
  }

  static func difference(
    _ test: Case, _ method: RegridMethod, _ given: Grid, _ values: [Double], _ target: Grid?
  ) throws -> Difference {
    let folder = try TemporaryFolder()
    let input = try SharedData.path(test.file)
    var source = given
    var grid: Grid
    var name = folder.url("target.txt").path
    switch test.target {
    case .named(let text):
      grid = try Grid.named(text)
      name = text
    case .steps(let latitude, let longitude):
      grid = try Grid.regular(latitude: latitude, longitude: longitude)
    case .file: grid = try #require(target)
    }
    var select = test.select
    if method == .conservative {
      // CDO constructs no corners of curvilinear cells: it is given ours.
      if grid.kind == .curvilinear { grid = try grid.withCorners() }
      if source.kind == .curvilinear, source.cornerLatitudes == nil {
        source = try source.withCorners()
        try Data(CDOPeer.describe(source).utf8).write(to: folder.url("source.txt"))
        select = "setgrid,\(folder.url("source.txt").path) -\(select)"
      }
    }
    if name.hasSuffix("target.txt") {
      try Data(CDOPeer.describe(grid).utf8).write(to: folder.url("target.txt"))
    }
    let operators: [RegridMethod: String] = [
      .bilinear: "remapbil", .bicubic: "remapbic", .conservative: "remapcon", .nearest: "remapnn",
    ]
    let theirs = try CDOPeer.map(try #require(operators[method]), name, input, select)
    let start = Date()
    let weights = try RegridWeights.compute(from: source, to: grid, method: method)
    let seconds = Date().timeIntervalSince(start)
    let ours = try regridded(weights, values)
    let difference = compare(ours, theirs)
    print("\(test.name), \(method.rawValue): \(difference); weights \(seconds) s")
    return difference
  }

  @Test(.enabled(if: SharedData.isThere, SharedData.reason), .serialized, arguments: cases)
  func likeCDO(_ test: Case) throws {
    let input = try SharedData.path(test.file)
    let source = try CDOPeer.grid(input, test.select)
    let values = try CDOPeer.map("values", "-", input, test.select)
    var target: Grid?
    if case .file(let file, let select) = test.target {
      target = try CDOPeer.grid(SharedData.path(file), select)
    }
    for method in test.isFull
      ? [.bilinear, .conservative, .nearest, .bicubic] : [RegridMethod.bilinear, .conservative]
    {
      try judge(test, method, Self.difference(test, method, source, values, target))
    }
  }

  private func judge(_ test: Case, _ method: RegridMethod, _ d: Difference) {
    #expect(d.both > 1000 && d.onlyOurs == 0)
    switch method {
    case .bilinear, .conservative:
      #expect(d.onlyTheirs == 0 && d.over == 0, "\(d)")
    case .nearest:
      // Ties: from 2.5 degrees all places of a pole's row are as near as each other.
      #expect(d.onlyTheirs == 0 && Double(d.over) < 0.025 * Double(d.both), "\(d)")
    case .bicubic, .bin:
      // At missing cells CDO makes one-sided gradients, we need the whole stencil; at the rim of a regional grid
      // its gradients come from other cells than ours.
      #expect(test.file == Self.ocean.0 || d.onlyTheirs == 0, "\(d)")
      #expect(Double(d.over) < 0.005 * Double(d.both), "\(d)")
    }
  }
}

extension Grid {
  /// With the corners that are constructed when there are none.
  func withCorners() throws -> Grid {
    let corners = try corners()
    var grid = self
    (grid.cornerLatitudes, grid.cornerLongitudes) = (corners.latitudes, corners.longitudes)
    return grid
  }
}
