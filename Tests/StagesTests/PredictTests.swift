import Basics
import Compute
import Foundation
import Grids
import Networks
import ONNX
import Stages
import Tensors
import TestSupport
import Testing

@Suite("predict") struct PredictTests {
  private static let folder = try? TemporaryFolder()

  /// Two levels and a skip: its output depends on 11 cells and more on each side, in steps of 4.
  private static let unet = NetworkSpec {
    Conv(5, kernel: 3)
    ReLU()
    Skip {
      MaxPool(2)
      Conv(6, kernel: 3)
      ReLU()
      Skip {
        MaxPool(2)
        Conv(8, kernel: 3)
        ReLU()
        ConvTranspose(4, kernel: 2, stride: 2)
      }
      Conv(4, kernel: 3)
      ConvTranspose(4, kernel: 2, stride: 2)
    }
    Conv(1, kernel: 1)
  }

  private func path(
    _ name: String, _ spec: NetworkSpec = unet, domain: DomainPadding = .init(), hasBase: Bool = true,
    patch: [Int] = [16, 16]
  ) throws -> String {
    let inputs = [
      ModelChannel(name: "tas", standardName: "air_temperature", units: "K", mean: 280, deviation: 12),
      ModelChannel(name: "orog", standardName: "surface_altitude", units: "m", mean: 500, deviation: 700),
    ]
    let network = try spec.network(
      input: try Shape([1, inputs.count] + patch), .inference, domain: domain)
    let output = ModelChannel(
      name: "tas", standardName: "air_temperature", longName: "temperature", units: "K",
      cellMethods: "time: mean", mean: hasBase ? 0.1 : 280, deviation: 2)
    let model = TrainedModel(
      spec: spec, loss: MeanSquaredError(), domain: domain, patch: patch, inputs: inputs, outputs: [output],
      base: hasBase ? [ModelChannel(name: "tas", standardName: "air_temperature", units: "K")] : nil,
      parameters: try network.initialParameters(seed: 11))
    let path = try #require(Self.folder).path(name + ".onnx")
    try ModelFile.write(model, to: path)
    return path
  }

  private static let region = Make.regular(
    (0..<32).map { 30 + Double($0) / 4 }, (0..<48).map { Double($0) / 4 })

  private func fields(_ grid: Grid, missing: Double = 0) -> (features: Field, base: Field) {
    let variables = [
      Make.variable("tas", "air_temperature", "K"), Make.variable("orog", "surface_altitude", "m"),
    ]
    let time = Make.days(2)
    let features = Make.noise(
      Description(variables: variables, time: time, grid: grid), 260...300, missing: missing)
    let base = Make.noise(
      Description(variables: [variables[0]], time: time, grid: grid), 250...300, seed: 5)
    return (features, base)
  }

  private func plan(
    _ model: String, _ fields: (features: Field, base: Field), tile: Int? = nil
  ) throws -> Plan {
    let streams: KeyValuePairs<String, [(String, Field)]> = [
      "input": [("features", fields.features)], "residual": [("base", fields.base)],
    ]
    guard let tile else { return try Plan(Predict.self, ["model": .text(model)], streams) }
    return try Plan(Predict.self, ["model": .text(model), "tile": .plain("\(tile)")], streams)
  }

  /// The network on the whole field in double precision, by the plain loops of the reference.
  private func reference(_ path: String, _ fields: (features: Field, base: Field)) throws -> [Double] {
    let model = try ModelFile.read(path)
    let grid = fields.features.description.grid
    let network = try model.network(rows: grid.ny, columns: grid.nx)
    var given: [String: [Double]] = [:]
    for entry in model.parameters.layout.entries {
      let numbers = model.parameters[entry]
      given[entry.name] = (0..<numbers.count).map { Double(numbers[$0]) }
    }
    var result: [Double] = []
    for t in 0..<2 {
      given["input"] = (0..<2).flatMap { v in
        (0..<grid.count).map { i in
          model.inputs[v].encode(Double(fields.features[v, t, 0, i / grid.nx, i % grid.nx]))
        }
      }
      let output = try Interpreter<Double>(network.graph).run([network.output], given)[0]
      result += (0..<grid.count).map { i in
        model.outputs[0].decode(output[i], base: Double(fields.base[0, t, 0, i / grid.nx, i % grid.nx]))
      }
    }
    return result
  }

  @Test(arguments: [
    DomainPadding(), DomainPadding(rows: .replicate, columns: .replicate),
    DomainPadding(rows: .reflect, columns: .reflect), DomainPadding(rows: .replicate, columns: .periodic),
  ])
  func tilesAreTheWholeField(domain: DomainPadding) throws {
    let path = try path("tiles-\(domain.rows)-\(domain.columns)", domain: domain)
    let fields = fields(domain.columns == .periodic ? Make.globe(32, 64) : Self.region)
    let whole = try plan(path, fields).run(cuts: 3)
    let tiled = try plan(path, fields, tile: 6)
    #expect(tiled.graph.computation(tiled.node)?.label.contains("windows of") == true)
    let pieces = try tiled.run(cuts: 6)
    let expected = try reference(path, fields)
    expectClose(whole.numbers, expected, relative: 1e-6, absolute: 1e-5)
    expectClose(pieces.numbers, whole.numbers.map(Double.init), absolute: 1e-5)
    let output = tiled.description.variables[0]
    #expect(output.standardName == "air_temperature" && output.units == "K" && output.name == "tas")
    #expect(output.cellMethods == "time: mean")
    let source = tiled.description.globalAttributes["source"]?.text ?? ""
    let digest = try sha(path)
    #expect(source.contains(".onnx (sha256 \(digest))"))
  }

  private func sha(_ path: String) throws -> String {
    var hash = SHA256()
    hash.update([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    return SHA256.hex(hash.digest())
  }

  @Test func missingCellsStayMissingAndHarmNoOthers() throws {
    let path = try path("missing")
    let fields = fields(Self.region, missing: 0.01)
    let result = try plan(path, fields, tile: 8).run(cuts: 4)
    for t in 0..<2 {
      for j in 0..<32 {
        for i in 0..<48 {
          let isMissing = fields.features[0, t, 0, j, i].isNaN || fields.features[1, t, 0, j, i].isNaN
          #expect(result[0, t, 0, j, i].isNaN == isMissing)
        }
      }
    }
  }

  @Test func featuresWithoutTimeHoldForAllTimes() throws {
    let path = try path("static")
    var fields = fields(Self.region)
    let moving = fields
    fields.features.description.time = nil
    fields.features.numbers = (0..<2).flatMap { v in
      (0..<32 * 48).map { moving.features[v, 0, 0, $0 / 48, $0 % 48] }
    }
    let result = try plan(path, fields, tile: 8).run(cuts: 4)
    let expected = try plan(path, moving, tile: 8).run(cuts: 0)
    #expect(result.description.timeCount == 2)
    for j in 0..<32 {
      for i in 0..<48 {
        #expect(result[0, 0, 0, j, i] == expected[0, 0, 0, j, i])
        let change = fields.base[0, 1, 0, j, i] - fields.base[0, 0, 0, j, i]
        #expect(abs(result[0, 1, 0, j, i] - result[0, 0, 0, j, i] - change) < 1e-3)
      }
    }
  }

  @Test func unitsAreConverted() throws {
    let path = try path("units")
    let fields = fields(Self.region)
    var celsius = fields
    celsius.features.description.variables[0].units = "degC"
    celsius.base.description.variables[0].units = "degC"
    for t in 0..<celsius.features.numbers.count / 2 { celsius.features.numbers[t] -= 273.15 }
    celsius.base.numbers = celsius.base.numbers.map { $0 - 273.15 }
    let expected = try plan(path, fields).run(cuts: 0).numbers.map(Double.init)
    expectClose(try plan(path, celsius).run(cuts: 0).numbers, expected, absolute: 3e-4)
  }

  @Test func aNetworkOfTheWholeFieldHasNoTiles() throws {
    let spec = NetworkSpec {
      Conv(4, kernel: 3)
      InstanceNorm()
      Conv(1, kernel: 1)
    }
    let path = try path("whole", spec)
    let fields = fields(Self.region)
    expectClose(
      try plan(path, fields).run(cuts: 4).numbers, try reference(path, fields), relative: 1e-6, absolute: 2e-5
    )
    let error = fault { try plan(path, fields, tile: 8) }
    #expect(error?.cause.contains("depends on the whole field") == true)
  }

  /// Beside the network in double precision on the field in each orientation, written out cell by cell.
  @Test(arguments: [["flip"], ["rotate"], ["flip", "rotate"]], [8, nil] as [Int?])
  func theMeanOverOrientations(_ words: [String], _ tile: Int?) throws {
    let path = try path("turns-\(words.joined(separator: "-"))-\(tile ?? 0)")
    let fields = fields(Self.region)
    let (ny, nx) = (32, 48)
    // Where the cell (j, i) of the field lies in the turned one, and how many rows that has.
    typealias Turn = (rows: Int, place: (Int, Int) -> (Int, Int))
    let half: Turn = (ny, { (ny - 1 - $0, nx - 1 - $1) })
    let quarters: [Turn] = [half, (nx, { ($1, ny - 1 - $0) }), (nx, { (nx - 1 - $1, $0) })]
    let mirrors: [Turn] = [(ny, { (ny - 1 - $0, $1) }), (ny, { ($0, nx - 1 - $1) })]
    var turns: [Turn] = [(ny, { ($0, $1) })]
    if words.contains("rotate") { turns += quarters }
    if words.contains("flip") { turns += mirrors + (words.count == 1 ? [half] : []) }
    if words.count == 2 { turns += [(nx, { ($1, $0) }), (nx, { (nx - 1 - $1, ny - 1 - $0) })] }
    var expected = [Double](repeating: 0, count: 2 * ny * nx)
    for (rows, place) in turns {
      let columns = ny * nx / rows
      let grid = Make.regular((0..<rows).map { Double($0) / 4 }, (0..<columns).map { Double($0) / 4 })
      func moved(_ field: Field) -> Field {
        var result = field
        result.description.grid = grid
        for map in 0..<field.numbers.count / (ny * nx) {
          for j in 0..<ny {
            for i in 0..<nx {
              let (r, c) = place(j, i)
              result.numbers[(map * rows + r) * columns + c] = field.numbers[(map * ny + j) * nx + i]
            }
          }
        }
        return result
      }
      let made = try reference(path, (moved(fields.features), moved(fields.base)))
      for t in 0..<2 {
        for j in 0..<ny {
          for i in 0..<nx {
            let (r, c) = place(j, i)
            expected[(t * ny + j) * nx + i] += made[(t * rows + r) * columns + c] / Double(turns.count)
          }
        }
      }
    }
    var keys: KeyValuePairs<String, Yaml> {
      let list = Yaml.list(words.map { .text($0) })
      guard let tile else { return ["model": .text(path), "augment": list] }
      return ["model": .text(path), "augment": list, "tile": .plain("\(tile)")]
    }
    let plan = try Plan(
      Predict.self, keys, ["input": [("features", fields.features)], "residual": [("base", fields.base)]])
    #expect(
      plan.description.globalAttributes["source"]?.text?.contains("mean over \(turns.count) orientations")
        == true)
    expectClose(try plan.run(cuts: 3).numbers, expected, relative: 1e-6, absolute: 1e-5)
  }

  @Test func whatCannotBeTurned() throws {
    let fields = fields(Self.region)
    func expect(
      _ text: String, _ path: String, _ words: [Yaml], _ fields: (features: Field, base: Field),
      members: String? = nil
    ) {
      var keys: KeyValuePairs<String, Yaml> = ["model": .text(path), "augment": .list(words)]
      if let members {
        keys = ["model": .text(path), "augment": .list(words), "members": .plain(members)]
      }
      let error = fault {
        try Plan(
          Predict.self, keys,
          ["input": [("features", fields.features)], "residual": [("base", fields.base)]])
      }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
    let joined = try path("turned-globe", domain: DomainPadding(rows: .replicate, columns: .periodic))
    expect("does not treat rows as columns", joined, [.text("rotate")], self.fields(Make.globe(32, 64)))
    expect("is empty", try path("turned-empty"), [], fields)
    let wide = try path(
      "turned-wide",
      NetworkSpec {
        Conv(4, kernel: [1, 5])
        Conv(1, kernel: 1)
      })
    expect("does not treat rows as columns", wide, [.text("rotate")], fields)
    let valid = try path(
      "turned-valid",
      NetworkSpec {
        Conv(4, kernel: 3, padding: .valid)
        Conv(1, kernel: 1)
      })
    expect("does not pad", valid, [.text("flip")], fields)
    let random = try path(
      "turned-members",
      NetworkSpec {
        Conv(4, kernel: 3)
        Dropout(0.5)
        Conv(1, kernel: 1)
      })
    expect("has no members", random, [.text("flip")], fields, members: "4")

    let wind = try path("turned-wind")
    var model = try ModelFile.read(wind)
    model.inputs[1] = ModelChannel(
      name: "ua", standardName: "eastward_wind", units: "m s-1", mean: 0, deviation: 10)
    try ModelFile.write(model, to: wind)
    var winds = fields
    winds.features.description.variables[1] = Make.variable("ua", "eastward_wind", "m s-1")
    expect("`ua` is the component of a vector (eastward_wind)", wind, [.text("flip")], winds)
  }

  @Test func saysWhatDoesNotFit() throws {
    let path = try path("faults")
    let fields = fields(Self.region)
    func expect(_ text: String, _ make: () throws -> Plan) {
      let error = fault(make)
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
    var one = fields
    one.features = fields.base
    expect(
      "expects 2 channels (air_temperature, surface_altitude), `features` has 1 channel (air_temperature)"
    ) {
      try plan(path, one)
    }
    var swapped = fields
    swapped.features.description.variables.reverse()
    expect("expects air_temperature as channel 1") { try plan(path, swapped) }
    var percent = fields
    percent.features.description.variables[0].units = "%"
    expect("is in %, the model was trained with K") { try plan(path, percent) }
    expect("has 30 rows, and the network needs a multiple of 4") {
      try plan(path, self.fields(Make.regular((0..<30).map { Double($0) }, (0..<48).map { Double($0) })))
    }
    expect("difference from air_temperature") {
      try Plan(Predict.self, ["model": .text(path)], ["input": [("features", fields.features)]])
    }
    let direct = try self.path("direct", hasBase: false)
    expect("nothing to add `base` to") { try plan(direct, fields) }
    let joined = try self.path("joined", domain: DomainPadding(rows: .zero, columns: .periodic))
    expect("the grid is not global") { try plan(joined, fields) }
    expect("No such file or directory") { try plan("/nowhere/model.onnx", fields) }
    let valid = try self.path(
      "uneven",
      NetworkSpec {
        Conv(4, kernel: 4, padding: .valid)
        Conv(1, kernel: 1)
      })
    expect("expected 1 channels on the cells in the middle") { try plan(valid, fields) }
  }
}
