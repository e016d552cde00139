import Basics
import Compute
import Grids
import Networks
import ONNX
import Stages
import Tensors
import TestSupport
import Testing

/// Networks whose output is smaller than their input, or finer.
@Suite("predict: networks that lose or refine cells") struct PredictShapeTests {
  private static let folder = try? TemporaryFolder()

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let spec: NetworkSpec
    var factor = 1
    /// Cells of the input on each side that the output does not cover.
    var crop = 0
    /// What the network needs to be fitted to its stride, behind the field.
    var extra = 0
    var patch = 24
    var rows = 32
    var columns = 48
  }

  static let losing = [
    Case(
      testDescription: "SRCNN 9-1-5",
      spec: NetworkSpec { SRCNN(filters: [6, 4], valid: true) }, crop: 6, patch: 21),
    // 31 + 2 x 20 cells, and one more: the sizes that the network takes are multiples of 4.
    Case(
      testDescription: "UNet of two levels", spec: NetworkSpec { UNet(base: 3, depth: 2, valid: true) },
      crop: 20, extra: 1, patch: 44, rows: 31, columns: 47),
    Case(
      testDescription: "padding and none",
      spec: NetworkSpec {
        Conv(4, kernel: 7)
        ReLU()
        Conv(1, kernel: 3, padding: .valid)
      }, crop: 1),
  ]

  static let refining = [
    Case(
      testDescription: "pixel shuffle",
      spec: NetworkSpec {
        Conv(6, kernel: 3)
        ReLU()
        Conv(4, kernel: 3)
        PixelShuffle(2)
        Conv(1, kernel: 3)
      }, factor: 2),
    Case(testDescription: "FSRCNN", spec: NetworkSpec { FSRCNN(scale: 4, d: 5, s: 3, m: 1) }, factor: 4),
    // 2 (n - 2) - 2 cells: three fine ones are missing on each side, one and a half of the coarse.
    Case(
      testDescription: "refined and not padded",
      spec: NetworkSpec {
        Conv(4, kernel: 3, padding: .valid)
        PixelShuffle(2)
        Conv(1, kernel: 3, padding: .valid)
      }, factor: 2, crop: 2),
  ]

  private static let variable = Make.variable("tas", "air_temperature", "K")

  private static func grids(_ test: Case, isGlobal: Bool) -> (coarse: Grid, fine: Grid) {
    let (ny, nx, f) = (test.rows, test.columns, test.factor)
    if isGlobal {
      let width = 360 / Double(nx)
      return (
        Make.globe(ny, nx), Make.globe(ny * f, nx * f, west: width / 2 * (1 / Double(f) - 1))
      )
    }
    func line(_ start: Double, _ count: Int, _ f: Int) -> [Double] {
      (0..<count * f).map { start + (Double($0) + 0.5) / Double(4 * f) }
    }
    return (
      Make.regular(line(30, ny, 1), line(0, nx, 1)), Make.regular(line(30, ny, f), line(0, nx, f))
    )
  }

  private static func path(_ test: Case, isGlobal: Bool) throws -> String {
    let channel = ModelChannel(
      name: "tas", standardName: "air_temperature", units: "K", mean: 280, deviation: 12)
    let patch = [test.patch, test.patch]
    let domain = DomainPadding(columns: isGlobal ? .periodic : .zero)
    let network = try test.spec.network(input: try Shape([1, 1] + patch), .inference, domain: domain)
    let model = TrainedModel(
      spec: test.spec, loss: MeanSquaredError(), domain: domain, patch: patch, inputs: [channel],
      outputs: [channel], parameters: try network.initialParameters(seed: 3))
    let name = test.testDescription.filter { $0.isLetter }
    let path = try #require(folder).path("\(name)-\(isGlobal).onnx")
    try ModelFile.write(model, to: path)
    return path
  }

  /// The network in double precision on the whole field, with the cells around it that it wants.
  private static func reference(_ path: String, _ field: Field, _ test: Case, isGlobal: Bool) throws
    -> [Double]
  {
    let model = try ModelFile.read(path)
    let (ny, nx, c, f) = (test.rows, test.columns, test.crop, test.factor)
    // A circle is continued so far that what the network puts around it does not matter.
    let more = isGlobal && c > 0 ? 32 : 0
    let (height, width) = (ny + 2 * c + test.extra, nx + 2 * (c + more) + test.extra)
    let network = try model.network(rows: height, columns: width)
    var given: [String: [Double]] = [:]
    for entry in model.parameters.layout.entries {
      let numbers = model.parameters[entry]
      given[entry.name] = (0..<numbers.count).map { Double(numbers[$0]) }
    }
    given["input"] = (0..<height * width).map { place in
      let j = min(max(place / width - c, 0), ny - 1)
      let i = place % width - c - more
      return model.inputs[0].encode(
        Double(field[0, 0, 0, j, isGlobal ? ((i % nx) + nx) % nx : min(max(i, 0), nx - 1)]))
    }
    let output = try Interpreter<Double>(network.graph).run([network.output], given)[0]
    let made = network.outputShape.extents
    let skip = (c * f - (f * height - made[2]) / 2, (c + more) * f - (f * width - made[3]) / 2)
    return (0..<ny * f * nx * f).map { place in
      let (j, i) = (place / (nx * f), place % (nx * f))
      return model.outputs[0].decode(output[(j + skip.0) * made[3] + i + skip.1], base: nil)
    }
  }

  private static func plan(
    _ path: String, _ field: Field, _ fine: Grid, _ test: Case, tile: Int? = nil, edges: String? = nil
  ) throws -> Plan {
    var keys: [String: ConfigValue] = ["model": Yaml.text(path).value(Mark(line: 1, column: 1))]
    if let tile { keys["tile"] = Yaml.plain("\(tile)").value(Mark(line: 2, column: 1)) }
    if let edges { keys["edges"] = Yaml.text(edges).value(Mark(line: 3, column: 1)) }
    var streams = [(key: "input", name: "field", field: field)]
    if test.factor > 1 {
      streams.append(
        ("grid", "fine", Make.noise(Description(variables: [variable], time: nil, grid: fine), 0...1)))
    }
    return try Plan(Predict.self, values: keys, streams)
  }

  @Test(arguments: losing + refining, [false, true]) func tilesAreTheWholeField(test: Case, isGlobal: Bool)
    throws
  {
    let path = try Self.path(test, isGlobal: isGlobal)
    let (coarse, fine) = Self.grids(test, isGlobal: isGlobal)
    let field = Make.noise(Description(variables: [Self.variable], time: nil, grid: coarse), 260...300)
    let expected = try Self.reference(path, field, test, isGlobal: isGlobal)
    let whole = try Self.plan(path, field, fine, test).run(cuts: 0)
    expectClose(whole.numbers, expected, relative: 1e-6, absolute: 1e-5)
    let tiled = try Self.plan(path, field, fine, test, tile: 9)
    #expect(tiled.graph.computation(tiled.node)?.label.contains("windows of") == true)
    #expect(tiled.description.grid.ny == test.rows * test.factor)
    // `run` itself computes random parts again and expects the same bits.
    expectClose(try tiled.run(cuts: 4).numbers, whole.numbers.map(Double.init), absolute: 1e-5)
  }

  @Test(arguments: losing) func edgesCanBeMissing(test: Case) throws {
    let path = try Self.path(test, isGlobal: false)
    let (coarse, fine) = Self.grids(test, isGlobal: false)
    let field = Make.noise(Description(variables: [Self.variable], time: nil, grid: coarse), 260...300)
    let whole = try Self.plan(path, field, fine, test).run(cuts: 0)
    let masked = try Self.plan(path, field, fine, test, tile: 9, edges: "missing").run(cuts: 3)
    for j in 0..<test.rows {
      for i in 0..<test.columns {
        let isInside =
          min(j, test.rows - 1 - j) >= test.crop && min(i, test.columns - 1 - i) >= test.crop
        #expect(masked[0, 0, 0, j, i].isNaN != isInside)
        if isInside { #expect(abs(masked[0, 0, 0, j, i] - whole[0, 0, 0, j, i]) < 1e-4) }
      }
    }
  }

  @Test func saysWhatDoesNotFit() throws {
    let test = Self.refining[0]
    let path = try Self.path(test, isGlobal: false)
    let (coarse, fine) = Self.grids(test, isGlobal: false)
    let field = Make.noise(Description(variables: [Self.variable], time: nil, grid: coarse), 260...300)
    let padded = fault { try Self.plan(path, field, fine, test, edges: "missing") }
    #expect(padded?.cause.contains("no cell lacks neighbours") == true)
    var shifted = fine
    shifted.x.values = shifted.x.values.map { $0 + 0.1 }
    let elsewhere = fault { try Self.plan(path, field, shifted, test) }
    #expect(elsewhere?.cause.contains("are not blocks of 2 x 2 cells of `fine`") == true)
    var alone = test
    alone.factor = 1
    let without = fault { try Self.plan(path, field, fine, alone) }
    #expect(without?.cause.contains("makes 64 x 96 cells of 32 x 48") == true)
  }
}
