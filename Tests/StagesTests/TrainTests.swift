import Basics
import Foundation
import Grids
import Networks
import ONNX
import Synchronization
import TestSupport
import Testing

@testable import Stages

@Suite("train") struct TrainTests {
  static let grid = Make.regular(
    (0..<24).map { 30 + Double($0) / 2 }, (0..<32).map { Double($0) / 2 })

  /// A field of waves and noise, and a target that a network can learn from it; the eastern half lies higher.
  static func fields(east: Double = 50, missing: Double = 0) -> (
    features: Field, target: Field, base: Field
  ) {
    let time = Make.days(3)
    let tas = Make.variable("tas", "air_temperature", "K")
    let relief = Make.variable("orog", "surface_altitude", "m")
    let noise = Make.noise(
      Description(variables: [tas, relief], time: time, grid: grid), -1...1, missing: missing)
    func coarse(_ t: Int, _ j: Int, _ i: Int) -> Double {
      270 + 5 * sin(Double(i) / 4 + Double(t)) + (i >= 16 ? east : 0)
    }
    let features = Field(noise.description) { v, t, _, j, i in
      v == 0
        ? coarse(t, j, i) + Double(noise[0, t, 0, j, i]) * 0
        : 500 + 400 * Double(noise[1, 0, 0, j, i])
    }
    let target = Field(Description(variables: [tas], time: time, grid: grid)) { _, t, _, j, i in
      coarse(t, j, i) - 0.006 * (Double(features[1, t, 0, j, i]) - 500)
        + (noise[0, t, 0, j, i].isNaN ? .nan : 0)
    }
    let base = Field(Description(variables: [tas], time: time, grid: grid)) { _, t, _, j, i in
      coarse(t, j, i)
    }
    return (features, target, base)
  }

  static var usual: [(String, Yaml)] {
    [
      (
        "network",
        [["conv": ["filters": 6, "kernel": 3]], "relu", ["conv": ["filters": 1, "kernel": 3]]]
      ),
      ("rate", 0.01), ("batch", 4), ("patch", 8), ("steps", 40), ("area", ["half": "west"]),
      ("seed", 5),
      ("validation", ["area": ["half": "east"], "every": 10]), ("augment", ["flip", "rotate"]),
    ]
  }

  static func plan(
    _ model: String, _ changes: [(String, Yaml?)] = [],
    fields: (features: Field, target: Field, base: Field)? = nil,
    residual: Bool = true
  ) throws -> Plan {
    var keys = usual + [("model", .text(model))]
    for (key, value) in changes {
      keys.removeAll { $0.0 == key }
      if let value { keys.append((key, value)) }
    }
    let (features, target, base) = fields ?? Self.fields()
    // KeyValuePairs cannot be made from a list.
    var values: [String: ConfigValue] = [:]
    for (line, entry) in keys.enumerated() {
      values[entry.0] = entry.1.value(Mark(line: line + 1, column: 5))
    }
    return try Plan(
      Train.self, values: values,
      [("input", "features", features), ("target", "truth", target)]
        + (residual ? [("residual", "coarse", base)] : []))
  }

  static func run(_ plan: Plan, _ context: RunContext = RunContext(threads: 2)) throws -> Field {
    let node = plan.graph.nodes[plan.node.index]
    guard case .computation(let computation) = node.content,
      let reading = computation as? any ReadingComputation
    else { throw StageError("this reads nothing") }
    let block = try reading.compute(
      reading: MemoryReader(plan: plan, inputs: node.inputs), run: context)
    return Field(plan.description, Array(block.values))
  }

  @Test func learnsAndWritesItsModel() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let plan = try Self.plan(
      path, [("steps", 200), ("validation", ["area": ["half": "east"], "every": 50])],
      fields: Self.fields(east: 0))
    #expect(
      plan.description.variables.map(\.name) == [
        "training_loss", "validation_loss", "learning_rate",
      ])
    #expect(plan.description.layers[0].values == [50, 100, 150, 200])
    let history = try Self.run(plan)
    #expect(history[0, 0, 3, 0, 0] < 0.2 * history[0, 0, 0, 0, 0])
    #expect(history[1, 0, 3, 0, 0] < 0.3)
    #expect(history[2, 0, 0, 0, 0] == 0.01)
    let model = try ModelFile.read(path)
    #expect(model.inputs.map(\.standardName) == ["air_temperature", "surface_altitude"])
    #expect(model.outputs[0].units == "K" && model.base?.count == 1 && model.patch == [8, 8])
    #expect(model.halo == [2, 2] && model.scaleFactor == 1 && model.classes.isEmpty)
    #expect(model.provenance["seed"] == "5" && model.provenance["steps"] == "200")
    #expect(model.history?.lines.count == 4)
    #expect(!FileManager.default.fileExists(atPath: path + ".state"))
  }

  @Test func theModelFileNamesItsClasses() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let (features, plain, base) = Self.fields()
    var target = plain
    target.description.variables[0] = VariableDescription(
      name: "kind", flags: [.init(value: 0, meaning: "land"), .init(value: 2, meaning: "ice")])
    target.numbers = target.numbers.indices.map { Float($0 % 3) }
    _ = try Self.run(
      try Self.plan(
        path,
        [
          ("network", [["conv": ["filters": 3]]]), ("loss", ["cross-entropy": ["classes": 3]]), ("steps", 2),
          ("validation", nil),
        ], fields: (features, target, base), residual: false))
    let model = try ModelFile.read(path)
    #expect(model.classes == ["land", "1", "ice"] && model.scaleFactor == 1)
  }

  /// Means and deviations are those of the western half and the chosen times alone.
  @Test func normalisationComesFromTheTrainingPartOnly() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let fields = Self.fields(east: 1000)
    _ = try Self.run(
      try Self.plan(path, [("steps", 1), ("times", ["times": [0, 1]])], fields: fields))
    var (sum, squares, n) = (0.0, 0.0, 0.0)
    for t in 0..<2 {
      for j in 0..<24 {
        for i in 0..<16 {
          let x = Double(fields.features[0, t, 0, j, i])
          (sum, squares, n) = (sum + x, squares + x * x, n + 1)
        }
      }
    }
    let model = try ModelFile.read(path)
    #expect(abs(model.inputs[0].mean - sum / n) < 1e-6)
    #expect(abs(model.inputs[0].deviation - (squares / n - sum / n * sum / n).squareRoot()) < 1e-5)
    #expect(abs(model.outputs[0].mean) < 1)
  }

  @Test func givenNormalisation() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let keys: [(String, Yaml?)] = [
      ("steps", 1),
      ("normalise", ["tas": ["mean": 270.0, "deviation": 4.0], "surface_altitude": "none"]),
    ]
    _ = try Self.run(try Self.plan(path, keys, residual: false))
    let model = try ModelFile.read(path)
    #expect(
      model.inputs[0].mean == 270 && model.inputs[0].deviation == 4 && model.outputs[0].mean == 270)
    #expect(model.inputs[1].mean == 0 && model.inputs[1].deviation == 1 && model.base == nil)
  }

  /// Stopped in the middle and gone on: the same file, byte for byte, as without a stop, for any threads.
  @Test(arguments: [3, 17, 30]) func resumeGivesTheSameFile(_ stop: Int) throws {
    let folder = try TemporaryFolder()
    let (whole, path) = (folder.path("w.onnx"), folder.path("m.onnx"))
    let expected = try Self.run(try Self.plan(whole), RunContext(threads: 1))
    let steps = Mutex(0)
    let stopping = RunContext(
      threads: 2, isCancelled: { steps.withLock { $0 >= stop } },
      tell: { if case .progress(let done, _, _) = $0 { steps.withLock { $0 = done } } })
    #expect(throws: StageError.self) { try Self.run(try Self.plan(path), stopping) }
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(FileManager.default.fileExists(atPath: path + ".state"))
    let history = try Self.run(try Self.plan(path), RunContext(threads: 2, resumes: true))
    #expect(history.numbers.map(\.bitPattern) == expected.numbers.map(\.bitPattern))
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path))
        == Data(contentsOf: URL(fileURLWithPath: whole)))
    // Finished: not trained again.
    let told = Mutex<[String]>([])
    let again = RunContext(
      threads: 2, resumes: true,
      tell: { if case .line(let line) = $0 { told.withLock { $0.append(line) } } })
    #expect(
      try Self.run(try Self.plan(path), again).numbers.map(\.bitPattern)
        == expected.numbers.map(\.bitPattern)
    )
    #expect(told.withLock { $0.contains { $0.contains("finished already") } })
  }

  @Test func missingCellsDoNotCount() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let history = try Self.run(try Self.plan(path, fields: Self.fields(missing: 0.2)))
    #expect(history.numbers.allSatisfy { $0.isFinite })
  }

  @Test func everyFaultIsNamedAtOnce() throws {
    let changes: [(String, Yaml?)] = [
      ("loss", "mze"), ("optimiser", ["adam": ["beta3": 1]]), ("batch", 0), ("patch", 99),
      ("steps", nil), ("network", ["rellu", ["conv": ["filterz": 3]]]),
      ("normalise", ["ghost": "none"]),
      ("area", ["rows": [0, 99]]),
    ]
    let error = try #require(fault { try Self.plan("m.onnx", changes) })
    let texts = ([error] + error.further).map(\.cause)
    for part in [
      "`mze`", "`beta3`", "`batch`", "`ghost`", "99 x 99", "`steps` or `epochs`", "`rellu`",
      "filterz",
      "row 99",
    ] {
      #expect(texts.contains { $0.contains(part) }, "\(part) is not in \(texts)")
    }
  }

  @Test func faultsOfNetworks() throws {
    func text(_ changes: [(String, Yaml?)]) throws -> String {
      let error = try #require(fault { try Self.plan("m.onnx", changes) })
      return ([error] + error.further).map { "\($0.cause) \($0.remedy ?? "")" }.joined(
        separator: "; ")
    }
    #expect(try text([("network", [["conv": ["filters": 3]]])]).contains("expected 1, found 3"))
    #expect(try text([("network", ["unet": ["depth": 4, "base": 2]])]).contains("16"))
    let several = try text([
      (
        "network",
        [
          ["conv": ["filters": 4]], ["conv": ["filters": 6, "groups": 4]], ["convv": ["filters": 4]],
          ["conv": ["filters": 4, "kernel": 99, "padding": "valid"]], ["conv": ["filters": 2]],
        ]
      )
    ])
    for part in [
      "layer 1: 4 input channels and 6 filters", "no layer `convv`", "layer 3: Conv", "expected 1, found 2",
    ] {
      #expect(several.contains(part), "\(part) is not in \(several)")
    }
    #expect(try text([("freeze", ["nothing.*"])]).contains("fits no parameter"))
    #expect(try text([("validation", ["area": ["half": "west"]])]).contains("overlaps"))
    #expect(
      try text([("validation", ["area": ["rows": [0, 3]], "times": ["times": [0, 0]]])]).contains(
        "overlaps"))
    #expect(try text([("patch", [8, 4])]).contains("rotated"))
    #expect(try text([("augment", ["shift"])]).contains("global"))
    #expect(try text([("validation", nil), ("keep", "best")]).contains("needs a validation"))
    #expect(try text([("from", "ghost.onnx")]).contains("ghost.onnx"))
    #expect(try text([("area", ["rows": [0, 3]])]).contains("no patch of 8 x 8"))
    #expect(try text([("align", 3)]).contains("whole blocks of 3 x 3"))
    #expect(try text([("align", 0)]).contains("`align`"))
  }

  /// Patches of training and validation are made of whole blocks of the grid.
  @Test func patchesCanBeAligned() throws {
    let plan = try Self.plan(
      "m.onnx",
      [("align", 4), ("area", ["half": "west"]), ("validation", ["area": ["half": "east"], "every": 50])])
    guard case .computation(let node) = plan.graph.nodes[plan.node.index].content,
      let trained = node as? Trained
    else {
      Issue.record("no training")
      return
    }
    let patches =
      (0..<50).map { trained.setup.sampler.patch(epoch: $0, index: 0) } + trained.setup.validationPatches
    #expect(patches.allSatisfy { $0.row % 4 == 0 && $0.column % 4 == 0 })
    #expect(!trained.setup.validationPatches.isEmpty)
  }

  @Test func vectorsMustBeDeclared() throws {
    let wind = [
      Make.variable("u", "eastward_wind", "m s-1"), Make.variable("v", "northward_wind", "m s-1"),
    ]
    let time = Make.days(2)
    let features = Make.noise(Description(variables: wind, time: time, grid: Self.grid), -5...5)
    let target = Make.noise(
      Description(variables: [Make.variable("x", nil, "1")], time: time, grid: Self.grid), -5...5,
      seed: 3)
    func plan(_ changes: [(String, Yaml?)]) throws -> Plan {
      try Self.plan("m.onnx", changes, fields: (features, target, target), residual: false)
    }
    #expect(fault { try plan([]) }?.remedy?.contains("vectors") == true)
    #expect(fault { try plan([("vectors", [["u", "w"]])]) } != nil)
    _ = try plan([("vectors", [["u", "v"]])])
    _ = try plan([("augment", nil)])
  }

  @Test func notFiniteLossPublishesNothing() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let plan = try Self.plan(path, [("optimiser", "sgd"), ("rate", 1e30), ("steps", 100)])
    let error = #expect(throws: StageError.self) { try Self.run(plan) }
    #expect(error?.cause.contains("step ") == true && error?.subject != nil, "\(error!)")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func startsFromAModel() throws {
    let folder = try TemporaryFolder()
    let (first, second) = (folder.path("a.onnx"), folder.path("b.onnx"))
    _ = try Self.run(try Self.plan(first))
    _ = try Self.run(
      try Self.plan(
        second, [("from", .text(first)), ("rate", 0.0), ("steps", 1), ("keep", "last")]))
    let (a, b) = (try ModelFile.read(first), try ModelFile.read(second))
    #expect(a.parameters.all.map(\.bitPattern) == b.parameters.all.map(\.bitPattern))
  }
}
