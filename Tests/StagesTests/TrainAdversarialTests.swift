import Basics
import Foundation
import Grids
import Networks
import ONNX
import Synchronization
import TestSupport
import Testing

@testable import Stages

/// `adversarial` of `train`.
@Suite("train against a discriminator") struct TrainAdversarialTests {
  static let small: Yaml = [
    "discriminator": ["patch-gan": ["filters": 4, "layers": 1]], "weight": 0.1, "warm-up": 4,
  ]
  static let network: Yaml = [
    "noise", ["conv": ["filters": 6, "kernel": 3]], "relu", ["conv": ["filters": 1, "kernel": 3]],
  ]

  static func plan(_ model: String, _ changes: [(String, Yaml?)] = []) throws -> Plan {
    try TrainTests.plan(
      model, [("adversarial", small), ("network", network), ("steps", 20)] + changes)
  }

  /// The history has its losses; the model is the network alone, from which members are drawn.
  @Test func historyModelAndMembers() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let plan = try Self.plan(path)
    #expect(
      plan.description.variables.map(\.name) == [
        "training_loss", "validation_loss", "learning_rate", "discriminator_loss", "adversarial_loss",
      ])
    let history = try TrainTests.run(plan)
    for line in 0..<2 {
      #expect(history[3, 0, line, 0, 0] > 0 && history[3, 0, line, 0, 0] < 5)
      #expect(history[4, 0, line, 0, 0].isFinite)
    }
    let model = try ModelFile.read(path)
    #expect(model.parameters.layout.entries.map(\.name) == ["1.weight", "1.bias", "3.weight", "3.bias"])
    #expect(model.inputs.count == 2 && model.provenance["adversarial"]?.contains("least-squares") == true)
    #expect(model.history?.lines.last?.discriminatorLoss != nil)
    // Noise is drawn for members alone.
    let (features, _, base) = TrainTests.fields()
    func predicted(_ keys: [(String, Yaml)]) throws -> Field {
      var values = ["model": Yaml.text(path).value()]
      for (key, value) in keys { values[key] = value.value() }
      return try Plan(
        Predict.self, values: values, [("input", "features", features), ("residual", "coarse", base)]
      ).run(cuts: 0)
    }
    let members = try predicted([("members", 3), ("seed", 1)])
    #expect(members.description.layerCount == 3)
    #expect(members[0, 0, 0, 3, 3] != members[0, 0, 1, 3, 3])
    #expect(try predicted([("members", 3), ("seed", 1)]).numbers == members.numbers)
    let one = try predicted([])
    #expect(one.numbers == (try predicted([])).numbers && one[0, 0, 0, 3, 3] != members[0, 0, 0, 3, 3])
  }

  /// Stopped in the warm-up or against the discriminator, and gone on: the same file as without a stop.
  @Test(arguments: [2, 12]) func resumeGivesTheSameFile(_ stop: Int) throws {
    let folder = try TemporaryFolder()
    let (whole, path) = (folder.path("w.onnx"), folder.path("m.onnx"))
    let expected = try TrainTests.run(try Self.plan(whole), RunContext(threads: 1))
    let steps = Mutex(0)
    let stopping = RunContext(
      threads: 2, isCancelled: { steps.withLock { $0 >= stop } },
      tell: { if case .progress(let done, _, _) = $0 { steps.withLock { $0 = done } } })
    #expect(throws: StageError.self) { try TrainTests.run(try Self.plan(path), stopping) }
    let history = try TrainTests.run(try Self.plan(path), RunContext(threads: 2, resumes: true))
    #expect(history.numbers.map(\.bitPattern) == expected.numbers.map(\.bitPattern))
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: URL(fileURLWithPath: whole)))
  }

  @Test func keepsTheLastUnlessToldOtherwise() throws {
    func keepsBest(_ changes: [(String, Yaml?)]) throws -> Bool? {
      let plan = try Self.plan("m.onnx", changes)
      guard case .computation(let node) = plan.graph.nodes[plan.node.index].content else { return nil }
      return (node as? Trained)?.setup.options.keepsBest
    }
    #expect(try keepsBest([]) == false)
    #expect(try keepsBest([("keep", "best")]) == true)
    #expect(try keepsBest([("adversarial", nil)]) == true)
  }

  @Test func memoryOfTheDiscriminatorIsPlanned() throws {
    func bytes(_ filters: Int?) throws -> Int {
      let value = filters.map { filters -> Yaml in
        ["discriminator": ["patch-gan": ["filters": .plain("\(filters)"), "layers": 1]]]
      }
      let plan = try Self.plan("m.onnx", [("adversarial", value)])
      guard case .computation(let node) = plan.graph.nodes[plan.node.index].content else { return 0 }
      return (node as? Trained)?.sharedBytes(threads: 1) ?? 0
    }
    // Numbers, gradients and two moments of 64 x 4 x 16, 128 x 64 x 16, 128 x 16 and fewer.
    #expect(try bytes(64) > bytes(nil) + 4 * 4 * (64 * 4 * 16 + 128 * 64 * 16 + 128 * 16))
  }

  @Test func faultsAreNamedWhereTheyStand() throws {
    func faults(_ adversarial: Yaml, _ changes: [(String, Yaml?)] = []) throws -> [PlanError] {
      let error = try #require(fault { try Self.plan("m.onnx", [("adversarial", adversarial)] + changes) })
      return [error] + error.further
    }
    func text(_ faults: [PlanError]) -> String {
      faults.map { "\($0.cause) \($0.remedy ?? "")" }.joined(separator: "; ")
    }
    #expect(text(try faults(["weight": -1, "rate": -1])).contains("`weight` must be above 0"))
    let names = text(try faults(["discriminator": "patch-gann"])) + text(try faults(["loss": "hing"]))
    #expect(names.contains("patch-gan") && names.contains("hinge"), "\(names)")
    // Too many halvings for patches of 8 cells; a layer that does not fit.
    let deep = try faults(["discriminator": ["patch-gan": ["layers": 4]]])
    #expect(deep.count == 1 && text(deep).contains("discriminator"), "\(deep)")
    let grouped = try faults(["discriminator": [["conv": ["filters": 4, "groups": 2]]]])
    #expect(text(grouped).contains("layer discriminator.0") && text(grouped).contains("groups"), "\(grouped)")
    #expect((deep + grouped).allSatisfy { ($0.mark?.line ?? 0) > 0 })
    #expect(text(try faults(["discriminator": ["relu"]])).contains("nothing to train"))
    let loss = try faults(Self.small, [("loss", "gaussian-nll"), ("residual", nil)])
    #expect(text(loss).contains("a discriminator sees values"))
  }
}
