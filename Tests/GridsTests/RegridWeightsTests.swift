import GridFiles
import Kernels
import Testing

@testable import Grids

@Suite struct RegridWeightsTests {
  static func globe(_ ny: Int, _ nx: Int) throws -> Grid { try Grid.named("r\(nx)x\(ny)") }

  static func rotated(_ ny: Int, _ nx: Int) throws -> Grid {
    try Grid(
      kind: .rotatedPole,
      y: Axis(
        name: "rlat", kind: .gridLatitude, units: "degrees",
        values: (0..<ny).map { Double($0) * 20 / Double(ny) - 10 }),
      x: Axis(
        name: "rlon", kind: .gridLongitude, units: "degrees",
        values: (0..<nx).map { Double($0) * 30 / Double(nx) - 15 }),
      mapping: GridMapping(
        variableName: "rotated_pole",
        attributes: [
          .init("grid_mapping_name", "rotated_latitude_longitude"),
          .init("grid_north_pole_latitude", .float64([39.25])),
          .init("grid_north_pole_longitude", .float64([-162])),
        ])
    ).withComputedCenters()
  }

  @Test func shortNames() throws {
    let r = try Grid.named("r36x18")
    #expect(r.x.values[0] == 0 && r.x.values[35] == 350 && r.y.values[0] == -85 && r.y.values[17] == 85)
    #expect(r.y.bounds?[0] == -90 && r.y.bounds?[35] == 90 && r.x.bounds?[0] == -5)
    let g = try Grid.named("global_2.5")
    #expect(g.x.values[0] == -178.75 && g.y.values[0] == -88.75 && g.nx == 144 && g.ny == 72)
    let n = try Grid.named("n16")
    #expect(n.ny == 32 && n.nx == 64 && abs(n.y.values[0] - 85.7605871204438) < 1e-11)
    #expect(abs(n.y.values[15] - 2.76890300773601) < 1e-11)
    for wrong in ["r0x5", "r10", "nine", "global_0", "global_7", "", "r99999999x99999999", "n-1", "rx"] {
      #expect(throws: GridError.self) { _ = try Grid.named(wrong) }
    }
    let steps = AxisSteps(first: -10, last: 40, step: 0.1)
    #expect(try steps.values("x").count == 501 && steps.values("x")[500] == 40)
    #expect(throws: GridError.self) { _ = try AxisSteps(first: 0, last: 1, step: 0.3).values("x") }
  }

  @Test func topology() throws {
    #expect(try Self.globe(18, 36).topology == GridTopology(isPeriodic: true, columns: 36))
    // 541 columns of which the last is the first again, as ETOPO20.
    let past = Grid(
      kind: .regular, y: Axis(name: "y", kind: .latitude, values: [-10, 0, 10]),
      x: Axis(name: "x", kind: .longitude, values: (0...540).map { 20 + Double($0) * 360 / 540 }))
    #expect(past.topology == GridTopology(isPeriodic: true, columns: 540))
    let europe = try Grid.regular(
      latitude: .init(first: 30, last: 60, step: 1), longitude: .init(first: -10, last: 30, step: 1))
    #expect(europe.topology == GridTopology(isPeriodic: false, columns: 41))
  }

  @Test func areasCoverTheSphere() throws {
    for grid in [try Self.globe(18, 36), try Grid.named("n16"), try Self.globe(1, 1)] {
      let sum = try grid.cellAreas().reduce(0, +)
      #expect(abs(sum - 4 * .pi) < 1e-12 * 4 * .pi, "\(grid.kind) \(sum)")
    }
    // Rotated: 1 degree cells near its equator.
    let grid = try Self.rotated(20, 30)
    let areas = try grid.cellAreas()
    let degree = Double.pi / 180
    #expect(abs(areas[10 * 30 + 15] / (degree * degree) - 1) < 1e-4)
  }

  @Test("bilinear reproduces a linear function of longitude and latitude")
  func linear() throws {
    let source = try Self.globe(36, 72)
    let target = try Grid.regular(
      latitude: .init(first: -60, last: 60, step: 3.7 * 120 / 122.1),
      longitude: .init(first: 5, last: 340, step: 5))
    let weights = try RegridWeights.compute(from: source, to: target, method: .bilinear).expanded()
    for cell in 0..<target.count {
      var sum = 0.0
      for e in Int(weights.starts[cell])..<Int(weights.starts[cell + 1]) {
        let place = source.center(Int(weights.sources[e]) / source.nx, Int(weights.sources[e]) % source.nx)
        sum += weights.weights[e] * (2 * place.latitude + 3 * place.longitude)
      }
      let place = target.center(cell / target.nx, cell % target.nx)
      #expect(abs(sum - 2 * place.latitude - 3 * place.longitude) < 1e-9)
    }
  }

  @Test(
    "equal grids give the identity",
    arguments: [RegridMethod.nearest, .bilinear, .bicubic, .conservative, .bin])
  func identity(_ method: RegridMethod) throws {
    for grid in [try Self.globe(9, 18), try Self.rotated(12, 15), try Grid.named("n8")] {
      let weights = try RegridWeights.compute(from: grid, to: grid, method: method).expanded()
      for cell in 0..<grid.count {
        var most = (source: -1, weight: 0.0)
        for e in Int(weights.starts[cell])..<Int(weights.starts[cell + 1])
        where abs(weights.weights[e]) > most.weight {
          most = (Int(weights.sources[e]), weights.weights[e])
        }
        #expect(most.source == cell && abs(most.weight - 1) < 1e-9, "\(method) \(grid.kind) \(cell): \(most)")
      }
    }
  }

  @Test("nearest is the least distance of all, from an axis and from the tree")
  func nearest() throws {
    let target = try Grid.regular(
      latitude: .init(first: -89, last: 89, step: 178.0 / 13),
      longitude: .init(first: -179, last: 170, step: 349.0 / 17))
    for source in [try Self.globe(11, 17), try Self.rotated(12, 15)] {
      let found = try RegridWeights.compute(from: source, to: target, method: .nearest).expanded()
      for cell in 0..<target.count {
        let at = target.center(cell / target.nx, cell % target.nx)
        let place = Vector(latitude: at.latitude, longitude: at.longitude)
        let distances = (0..<source.count).map { k -> Double in
          let c = source.center(k / source.nx, k % source.nx)
          return (place - Vector(latitude: c.latitude, longitude: c.longitude)).length
        }
        #expect(abs(distances[Int(found.sources[cell])] - (distances.min() ?? 9)) < 1e-9)
      }
    }
  }

  @Test func distanceLimit() throws {
    let source = try Self.rotated(12, 15), target = try Self.globe(18, 36)
    let near = try RegridWeights.compute(
      from: source, to: target, method: .nearest, options: .init(maximalDistance: 300))
    let all = try RegridWeights.compute(from: source, to: target, method: .nearest)
    #expect(all.expanded().sources.count == target.count)
    #expect(near.expanded().sources.count < target.count / 10 && near.expanded().sources.count > 3)
  }

  @Test("fast kernels give the bits of the plain ones", arguments: [true, false])
  func kernels(_ isFull: Bool) throws {
    var random = SystemRandomNumberGenerator()
    let from = try Self.globe(20, 41), to = try Self.globe(13, 77)
    for method in [RegridMethod.bilinear, .bicubic, .conservative] {
      let weights = try RegridWeights.compute(from: from, to: to, method: method)
      let separable = try #require(weights.separable)
      let columns = separable.columns
      let values = (0..<from.nx).map { _ in Float.random(in: -5...5, using: &random) }
      let valid = (0..<from.nx).map { _ in UInt8(isFull || Int.random(in: 0...9, using: &random) > 0 ? 1 : 0)
      }
      var (num, den) = ([Double](repeating: 0, count: to.nx), [Double](repeating: 0, count: to.nx))
      var (num2, den2) = (num, den)
      columns.starts.withUnsafeBufferPointer { starts in
        columns.sources.withUnsafeBufferPointer { sources in
          columns.weights.withUnsafeBufferPointer { weights in
            var axis = isotach_axis_weights(
              starts: starts.baseAddress, sources: sources.baseAddress, weights: weights.baseAddress)
            _ = isotach_regrid_columns(
              &axis, 0, Int64(to.nx), values, valid, 0, Int64(from.nx), &num, &den)
            isotach_regrid_columns_reference(&axis, 0, Int64(to.nx), values, valid, 0, &num2, &den2)
          }
        }
      }
      #expect(num == num2 && den == den2)
      for normalization in [Int32(0), 1, 2] {
        var rule = isotach_regrid_rule(min_valid: 0.7, normalization: normalization, share_of_sum: 1)
        var (a, b) = ([Float](repeating: 0, count: to.nx), [Float](repeating: 0, count: to.nx))
        var (va, vb) = ([UInt8](repeating: 9, count: to.nx), [UInt8](repeating: 9, count: to.nx))
        num.withUnsafeBufferPointer { n in
          den.withUnsafeBufferPointer { d in
            let nums = [n.baseAddress, n.baseAddress], dens = [d.baseAddress, d.baseAddress]
            isotach_regrid_combine(
              nums, dens, [0.3, 0.7], 2, columns.sums, Int64(to.nx), &rule, isFull ? 1 : 0, &a, &va, nil)
            isotach_regrid_combine_reference(
              nums, dens, [0.3, 0.7], 2, columns.sums, Int64(to.nx), &rule, &b, &vb, nil)
          }
        }
        #expect(a.map(\.bitPattern) == b.map(\.bitPattern) && va == vb)
      }
    }
  }
}
