import Networks
import Testing

@Suite struct SamplingTests {
  /// A field on a square of cells; x and y run with the columns and rows, or against them.
  static func map(_ size: Int, _ sx: Double, _ sy: Double, _ f: (Double, Double) -> Double) -> [Float] {
    let middle = Double(size - 1) / 2
    return (0..<size * size).map { i in
      Float(f(sx * (Double(i % size) - middle), sy * (Double(i / size) - middle)))
    }
  }

  static func moved(_ orientation: Orientation, _ source: [Float], _ size: Int) -> [Float] {
    var target = [Float](repeating: 0, count: source.count)
    source.withUnsafeBufferPointer { source in
      target.withUnsafeMutableBufferPointer { orientation.apply(source, rows: size, columns: size, to: $0) }
    }
    return target
  }

  /// The gradient of the moved field is the moved and turned gradient of the field, for all eight orientations
  /// and all directions of the axes.
  @Test(arguments: Orientation.all(flip: true, rotate: true), [(1.0, 1.0), (1, -1), (-1, 1), (-1, -1)])
  func vectorsTurnWithTheField(_ orientation: Orientation, _ signs: (Double, Double)) {
    let size = 9
    let (sx, sy) = signs
    // f = x^2 y + 3 x - 0.5 y^2: central differences of a polynomial of degree two are exact.
    let field = Self.map(size, sx, sy) { x, y in x * x + 0.25 * x * y + 3 * x - 0.5 * y * y + y }
    let gradient = (
      Self.map(size, sx, sy) { x, y in 2 * x + 0.25 * y + 3 },
      Self.map(size, sx, sy) { x, y in 0.25 * x - y + 1 }
    )
    let turned = Self.moved(orientation, field, size)
    var u = Self.moved(orientation, gradient.0, size)
    var v = Self.moved(orientation, gradient.1, size)
    u.withUnsafeMutableBufferPointer { u in
      v.withUnsafeMutableBufferPointer { v in orientation.turn(u, v, isMirrored: sx * sy < 0) }
    }
    for r in 1..<size - 1 {
      for c in 1..<size - 1 {
        let dx = Double(turned[r * size + c + 1] - turned[r * size + c - 1]) / 2 * sx
        let dy = Double(turned[(r + 1) * size + c] - turned[(r - 1) * size + c]) / 2 * sy
        #expect(abs(dx - Double(u[r * size + c])) < 1e-4 && abs(dy - Double(v[r * size + c])) < 1e-4)
      }
    }
  }

  @Test(arguments: Orientation.all(flip: true, rotate: true))
  func whatIsTurnedIsTurnedBack(_ orientation: Orientation) {
    let field = (0..<15).map(Float.init)
    func moved(_ source: [Float], _ orientation: Orientation, _ rows: Int, _ columns: Int) -> [Float] {
      var target = [Float](repeating: -1, count: source.count)
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer {
          orientation.apply(source, rows: rows, columns: columns, to: $0)
        }
      }
      return target
    }
    let turned = moved(field, orientation, 3, 5)
    #expect(Set(turned) == Set(field) && (turned == field) == orientation.isIdentity)
    let (rows, columns) = orientation.transposes ? (5, 3) : (3, 5)
    #expect(moved(turned, orientation.inverse, rows, columns) == field)
  }

  @Test func orientations() {
    #expect(Orientation.all(flip: false, rotate: false) == [Orientation()])
    #expect(Orientation.all(flip: true, rotate: false).count == 4)
    #expect(Orientation.all(flip: true, rotate: true).count == 8)
    let turns = Orientation.all(flip: false, rotate: true)
    #expect(turns.count == 4)
    // A quarter turn four times changes nothing, once and twice something.
    let field = (0..<16).map(Float.init)
    let quarter = turns[2]
    var turned = field
    for _ in 0..<4 { turned = Self.moved(quarter, turned, 4) }
    #expect(turned == field && Self.moved(quarter, field, 4) != field)
    #expect(Self.moved(quarter, Self.moved(quarter, field, 4), 4) == Self.moved(turns[1], field, 4))
  }

  @Test func patchesStayInAllowedCells() throws {
    let hole = { (row: Int, column: Int) in !(row == 7 && column == 9) && column < 20 }
    let sampler = try #require(
      PatchSampler(
        seed: 3, times: [2, 5], rows: 16, columns: 24, extents: (4, 5),
        orientations: Orientation.all(flip: true, rotate: false),
        isAllowed: hole))
    #expect(sampler.count == 2 * ((16 * 20 - 1) / 20))
    var starts: Set<[Int]> = []
    for epoch in 0..<400 {
      for index in 0..<sampler.count {
        let patch = sampler.patch(epoch: epoch, index: index)
        #expect(patch.time == [2, 5][index % 2])
        starts.insert([patch.row, patch.column])
        for row in patch.row..<patch.row + 4 {
          for column in patch.column..<patch.column + 5 where !hole(row, column) { Issue.record("outside") }
        }
      }
    }
    // Every place comes: 13 x 16 starts without the 4 x 5 that would hold the hole.
    #expect(starts.count == 13 * 16 - 20)
  }

  @Test func patchesWrapOnlyWhereAllowed() throws {
    let sampler = try #require(
      PatchSampler(seed: 1, times: [0], rows: 2, columns: 6, extents: (2, 4), wraps: true) { _, _ in true })
    let columns = Set((0..<200).map { sampler.patch(epoch: $0, index: 0).column })
    #expect(columns == Set(0..<6))
    let other = try #require(
      PatchSampler(seed: 1, times: [0], rows: 2, columns: 6, extents: (2, 4)) { _, _ in true })
    #expect(Set((0..<200).map { other.patch(epoch: $0, index: 0).column }) == Set(0...2))
    #expect(
      PatchSampler(seed: 1, times: [0], rows: 2, columns: 6, extents: (2, 4)) { _, c in c != 3 && c != 2 }
        == nil)
    #expect(PatchSampler(seed: 1, times: [0], rows: 2, columns: 6, extents: (3, 4)) { _, _ in true } == nil)
  }

  @Test func patchesBeginWithWholeBlocks() throws {
    let sampler = try #require(
      PatchSampler(seed: 5, times: [0], rows: 30, columns: 29, extents: (8, 8), steps: (4, 2)) {
        row, column in
        row >= 3 && column >= 5
      })
    let starts = Set((0..<2000).map { sampler.patch(epoch: $0, index: 0) }.map { [$0.row, $0.column] })
    // Rows 4, 8, ... 20 (22 is the last that fits), columns 6, 8, ... 20.
    let expected = stride(from: 4, through: 20, by: 4).flatMap { row in
      stride(from: 6, through: 20, by: 2).map { [row, $0] }
    }
    #expect(starts == Set(expected))
    #expect(
      PatchSampler(seed: 5, times: [0], rows: 8, columns: 8, extents: (4, 4), steps: (4, 4)) { row, _ in
        row > 0 && row < 7
      } == nil)
  }

  /// The same number, the same patch, whatever was asked for before; another seed, another one.
  @Test func patchesAreFunctionsOfTheirNumber() throws {
    func sampler(_ seed: UInt64) throws -> PatchSampler {
      try #require(
        PatchSampler(
          seed: seed, times: [0], rows: 99, columns: 99, extents: (9, 9),
          orientations: Orientation.all(flip: true, rotate: true),
          isAllowed: { _, _ in true }))
    }
    let (a, b, other) = (try sampler(7), try sampler(7), try sampler(8))
    let forward = (0..<50).map { a.patch(epoch: 2, index: $0) }
    let backward = (0..<50).reversed().map { b.patch(epoch: 2, index: $0) }
    #expect(forward == backward.reversed())
    #expect(forward != (0..<50).map { other.patch(epoch: 2, index: $0) })
    #expect(forward != (0..<50).map { a.patch(epoch: 3, index: $0) })
    #expect(Set(forward.map(\.orientation)).count == 8)
  }

  @Test func everyEpochTakesEverySample() {
    let order = BatchOrder(seed: 5, samples: 10, batch: 4)
    #expect(order.batchesPerEpoch == 3)
    for epoch in 0..<3 {
      let taken = (0..<3).flatMap { order.samples(ofStep: epoch * 3 + $0).samples }
      #expect(
        taken.count == 12 && Set(taken) == Set(0..<10) && Array(taken.prefix(2)) == Array(taken.suffix(2)))
      #expect(order.samples(ofStep: epoch * 3 + 2).epoch == epoch)
    }
    #expect(order.samples(ofStep: 0).samples != order.samples(ofStep: 3).samples)
    #expect(
      order.samples(ofStep: 4).samples
        == BatchOrder(seed: 5, samples: 10, batch: 4).samples(ofStep: 4).samples)
  }

  @Test(arguments: [
    ("encoder.0.conv1.weight", "encoder.*", true), ("encoder.0.weight", "*.weight", true),
    ("bias", "*.bias", false),
    ("a.b.c", "a?b?c", true), ("a.b", "a.b.c", false), ("", "*", true), ("x", "", false),
    ("aab", "*ab", true),
    ("abcabd", "*ab?", true),
  ]) func patterns(_ path: String, _ pattern: String, _ fits: Bool) {
    #expect(matches(path, pattern: pattern) == fits)
  }
}
