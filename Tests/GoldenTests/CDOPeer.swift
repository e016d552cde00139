import Foundation
import Grids
import TestSupport
import Testing

/// CDO as a peer: its grids, its fields, its regridded fields.
enum CDOPeer {
  static let isThere = (try? Command.run(["cdo", "--version"]))?.exit == 0
  static let reason: Comment = "cdo is not installed: skipped"

  static func run(_ arguments: [String]) throws -> String {
    let result = try Command.run(arguments)
    try #require(result.exit == 0, "\(arguments): \(result.status) \(result.stderr)")
    return result.stdout
  }

  /// The first map of what peers/regrid_cdo.sh makes; missing values are NaN.
  static func map(_ action: String, _ target: String, _ input: String, _ select: String) throws -> [Double] {
    let folder = try TemporaryFolder()
    let out = folder.url("out.ext").path
    let script = PackageRoot.url("Tests/GoldenTests/peers/regrid_cdo.sh").path
    _ = try run([script, action, target, input, out, select])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: out)))
    // Fortran records: a header of four integers, then the values; each between its lengths.
    func integer(_ at: Int) -> Int {
      Int(
        Int32(
          bitPattern: UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(
            bytes[at + 3]) << 24))
    }
    let header = integer(0)
    let start = 4 + header + 4
    let length = integer(start)
    return bytes.withUnsafeBytes { raw in
      (0..<length / 8).map { raw.loadUnaligned(fromByteOffset: start + 4 + 8 * $0, as: Double.self) }
    }.map { $0 < -1e33 ? .nan : $0 }
  }

  /// The grid of the first map as CDO describes it.
  static func grid(_ input: String, _ select: String) throws -> Grid {
    let text = try run(
      ["cdo", "-s", "griddes"] + "-\(select)".split(separator: " ").map(String.init) + [input])
    var values: [String: [Double]] = [:], words: [String: String] = [:]
    var name = ""
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      var rest = line[...]
      if let sign = line.firstIndex(of: "="), !line.hasPrefix(" ") {
        let next = line[..<sign].trimmingCharacters(in: .whitespaces)
        // A second grid (the projection) follows the first.
        if next == "gridtype", words["gridtype"] != nil { break }
        name = next
        rest = line[line.index(after: sign)...]
        words[name] = rest.trimmingCharacters(in: .whitespaces)
      }
      values[name, default: []] += rest.split(separator: " ").compactMap { Double($0) }
    }
    func axis(_ letter: String, _ count: Int) throws -> [Double] {
      if let all = values["\(letter)vals"], all.count == count { return all }
      let first = try #require(values["\(letter)first"]?.first),
        step = try #require(values["\(letter)inc"]?.first)
      return (0..<count).map { first + Double($0) * step }
    }
    let nx = Int(try #require(values["xsize"]?.first)), ny = Int(try #require(values["ysize"]?.first))
    if words["gridtype"] == "curvilinear" {
      var corners: ([Double], [Double])?
      if let x = values["xbounds"], let y = values["ybounds"], x.count == 4 * nx * ny { corners = (y, x) }
      return Grid(
        kind: .curvilinear, y: .index("y", ny), x: .index("x", nx), latitudes: try #require(values["yvals"]),
        longitudes: try #require(values["xvals"]), cornerLatitudes: corners?.0, cornerLongitudes: corners?.1)
    }
    return Grid(
      kind: words["gridtype"] == "gaussian" ? .gaussian : .regular,
      y: Axis(name: "lat", kind: .latitude, values: try axis("y", ny), bounds: values["ybounds"]),
      x: Axis(name: "lon", kind: .longitude, values: try axis("x", nx), bounds: values["xbounds"]))
  }

  /// A grid description file for CDO.
  static func describe(_ grid: Grid) -> String {
    func list(_ values: [Double]) -> String {
      stride(from: 0, to: values.count, by: 8).map { start in
        values[start..<min(values.count, start + 8)].map { "\($0)" }.joined(separator: " ")
      }.joined(separator: "\n            ")
    }
    let kind = grid.kind == .curvilinear ? "curvilinear" : grid.kind == .gaussian ? "gaussian" : "lonlat"
    var text = "gridtype = \(kind)\ngridsize = \(grid.count)\nxsize = \(grid.nx)\nysize = \(grid.ny)\n"
    let x = grid.kind == .curvilinear ? grid.longitudes : grid.x.values
    let y = grid.kind == .curvilinear ? grid.latitudes : grid.y.values
    text += "xvals = \(list(x))\nyvals = \(list(y))\n"
    if let a = grid.cornerLongitudes, let b = grid.cornerLatitudes {
      text += "xbounds = \(list(a))\nybounds = \(list(b))\n"
    }
    return text
  }
}

/// A field through weights, in one block.
func regridded(_ weights: RegridWeights, _ values: [Double], rule: RegridRule? = nil) throws -> [Double] {
  func region(_ ny: Int, _ nx: Int) -> Region {
    Region(variables: 0..<1, times: 0..<1, layers: 0..<1, rows: 0..<ny, columns: 0..<nx)
  }
  let source = try Block(uninitialized: region(weights.sourceShape.ny, weights.sourceShape.nx))
  for i in 0..<source.count {
    source.values[i] = Float(values[i])
    source.validity[i] = values[i].isNaN ? 0 : 1
  }
  let target = try Block(uninitialized: region(weights.targetShape.ny, weights.targetShape.nx))
  try weights.apply(source, to: target, rule: rule ?? RegridRule(weights.method))
  return (0..<target.count).map { Double(target.values[$0]) }
}
