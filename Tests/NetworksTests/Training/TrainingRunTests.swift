import Basics
import Compute
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct TrainingRunTests {
  struct Stopped: Error {}

  @Test func lossFalls() throws {
    let run = try SmallTraining.run(SmallTraining.options(steps: 60))
    _ = try run.run()
    let lines = run.progress.history.lines
    #expect(lines.count == 12 && lines.last?.step == 60)
    #expect(lines[11].trainingLoss < 0.5 * lines[0].trainingLoss)
    #expect(lines[11].validationLoss < 0.5 * lines[0].validationLoss)
    #expect(run.progress.bestLoss == lines.map(\.validationLoss).min())
  }

  /// A rate of 0 leaves what the first batch has made of the weights.
  @Test func unitVarianceOnTheFirstBatch() throws {
    let spec = NetworkSpec {
      Conv(6, initialiser: LSUV(tolerance: 0.01))
      ReLU()
      Conv(6)
      ReLU()
      Conv(1, initialiser: LSUV(tolerance: 0.01))
    }
    let options = SmallTraining.options(steps: 1) { ($0.rate, $0.decay) = (0, 0) }
    let run = try SmallTraining.run(options, spec: spec)
    let (network, begin) = (run.trainer.plan.network, try run.trainer.plan.network.initialParameters(seed: 9))
    let made = try run.run()
    for (name, isScaled) in [("0.weight", true), ("2.weight", false), ("4.weight", true)] {
      let (old, new) = (try #require(begin[name]), try #require(made[name]))
      let factor = new[0] / old[0]
      #expect((abs(factor - 1) > 0.02) == isScaled, "\(name) times \(factor)")
      #expect((0..<old.count).allSatisfy { abs(new[$0] - factor * old[$0]) <= 1e-5 * abs(new[$0]) })
    }
    // Measured apart from it, on other samples: near 1.
    let measured = try spec.network(input: try Shape([64, 2, 8, 8]), .inference)
    var random = RandomStream(seed: 3, stream: 1)
    var numbers: [String: [Float]] = ["input": (0..<64 * 128).map { _ in Float(random.nextNormal()) }]
    for declaration in network.parameters {
      numbers[declaration.name] = made[declaration.name].map { o in (0..<o.count).map { o[$0] } }
    }
    let output = try Interpreter<Float>(measured.graph).run([measured.output], numbers)[0].map(Double.init)
    let mean = output.reduce(0, +) / Double(output.count)
    let variance = output.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(output.count)
    #expect((0.7...1.4).contains(variance), "\(variance)")
    // Any number of threads; numbers of another model stay.
    let other = try SmallTraining.run(options, threads: 2, spec: spec)
    #expect(SmallTraining.bits(try other.run()) == SmallTraining.bits(made))
    let kept = try SmallTraining.run(options, spec: spec, parameters: begin)
    #expect(SmallTraining.bits(try kept.run()) == SmallTraining.bits(begin))
  }

  /// Stopped after any step and gone on from the file: the same bits as without a stop.
  @Test(arguments: [1, 4, 5, 7, 11, 12]) func resumeGivesTheSameBits(_ stop: Int) throws {
    let folder = try TemporaryFolder()
    let checkpoint = TrainingRun.Checkpoint(path: folder.url("m.state").path, every: 3, digest: "d")
    let whole = try SmallTraining.run(SmallTraining.options())
    let expected = SmallTraining.bits(try whole.run())
    let first = try SmallTraining.run(SmallTraining.options(), checkpoint: checkpoint)
    #expect(throws: Stopped.self) {
      try first.run { if case .step(let step, _) = $0, step == stop { throw Stopped() } }
    }
    let second = try SmallTraining.run(SmallTraining.options(), checkpoint: checkpoint)
    try second.resume()
    #expect(second.progress.step == stop)
    #expect(SmallTraining.bits(try second.run()) == expected)
    #expect(second.progress == whole.progress)
  }

  /// As after kill -9: the last saved state is older than the last step.
  @Test func olderStateGivesTheSameBits() throws {
    let folder = try TemporaryFolder()
    let path = folder.url("m.state").path
    let checkpoint = TrainingRun.Checkpoint(path: path, every: 4, digest: "d")
    let run = try SmallTraining.run(SmallTraining.options(), checkpoint: checkpoint)
    var saved: Data?
    let expected = SmallTraining.bits(
      try run.run { if case .step(6, _) = $0 { saved = try Data(contentsOf: URL(fileURLWithPath: path)) } })
    try #require(saved).write(to: URL(fileURLWithPath: path))
    let again = try SmallTraining.run(SmallTraining.options(), checkpoint: checkpoint)
    try again.resume()
    #expect(again.progress.step == 4)
    #expect(SmallTraining.bits(try again.run()) == expected)
  }

  @Test func stateOfAnotherTrainingIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.url("m.state").path
    let run = try SmallTraining.run(
      SmallTraining.options(), checkpoint: .init(path: path, every: 3, digest: "a"))
    try run.save()
    #expect(try TrainingState.digest(of: path) == "a")
    let other = try SmallTraining.run(
      SmallTraining.options(), checkpoint: .init(path: path, every: 3, digest: "b"))
    #expect(throws: ModelError.self) { try other.resume() }
    // Damaged at any place: refused or read, never a trap.
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for place in stride(from: 0, to: min(bytes.count, 3000), by: 41) {
      var damaged = bytes
      damaged[place] ^= 0x15
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      try? run.resume()
    }
  }

  @Test func threadsDoNotMatter() throws {
    let one = SmallTraining.bits(try SmallTraining.run(SmallTraining.options(), threads: 1).run())
    #expect(one == SmallTraining.bits(try SmallTraining.run(SmallTraining.options(), threads: 2).run()))
    #expect(one == SmallTraining.bits(try SmallTraining.run(SmallTraining.options(), threads: 3).run()))
    let other = SmallTraining.options { $0.seed = 10 }
    #expect(one != SmallTraining.bits(try SmallTraining.run(other).run()))
  }

  @Test func notFiniteInputStops() throws {
    let run = try SmallTraining.run(SmallTraining.options(), samples: WaveSamples(broken: 6))
    let before = SmallTraining.bits(run.trainer.parameters)
    let error = #expect(throws: ModelError.self) { try run.run() }
    #expect(error?.kind == .notFinite && error?.subject == "input")
    #expect(error?.cause.hasPrefix("step ") == true && error?.cause.contains("(epoch 1)") == true)
    #expect(run.progress.step > 0 || SmallTraining.bits(run.trainer.parameters) == before)
  }

  @Test func explodingTrainingStops() throws {
    let options = SmallTraining.options(steps: 200) {
      $0.optimiser = SGD()
      $0.rate = 1e30
      $0.clipping = nil
    }
    let run = try SmallTraining.run(
      options,
      spec: NetworkSpec {
        Conv(4, kernel: 3)
        Conv(1, kernel: 3)
      }, validates: false)
    let error = #expect(throws: ModelError.self) { try run.run() }
    #expect(error?.kind == .notFinite)
    #expect(
      error?.subject.map { $0.hasPrefix("0") || $0.hasPrefix("1") || $0 == "loss" } == true, "\(error!)")
  }

  @Test func frozenLayersStay() throws {
    let options = SmallTraining.options { $0.frozen = ["0.*"] }
    let run = try SmallTraining.run(options)
    let start = try #require(run.trainer.parameters["0.weight"]).values.map { $0 }
    let head = try #require(run.trainer.parameters["4.weight"]).values.map { $0 }
    let result = try run.run()
    #expect(try #require(result["0.weight"]).values.map { $0 } == start)
    #expect(try #require(result["4.weight"]).values.map { $0 } != head)
    #expect(throws: ModelError.self) { try SmallTraining.run(SmallTraining.options { $0.frozen = ["*"] }) }
  }

  /// With plain SGD the first step of a layer is proportional to its rate.
  @Test func layersHaveTheirOwnRates() throws {
    func change(_ multiplier: Double) throws -> Float {
      let run = try SmallTraining.run(
        SmallTraining.options(steps: 1) {
          $0.optimiser = SGD()
          $0.decay = 0
          $0.keepsBest = false
          $0.layerRates = [.init("4.*", multiplier)]
        }, validates: false)
      let before = try #require(run.trainer.parameters["4.bias"])[0]
      return try #require(try run.run()["4.bias"])[0] - before
    }
    let (one, tenth) = (try change(1), try change(0.1))
    #expect(one != 0 && abs(tenth / one - 0.1) < 1e-5)
  }

  @Test func patienceEndsTraining() throws {
    // A rate of 0 gains nothing; running statistics still change, so do validation losses.
    let options = SmallTraining.options(steps: 500) {
      $0.rate = 0
      $0.decay = 0
      $0.patience = 2
    }
    let run = try SmallTraining.run(options, spec: NetworkSpec { Conv(1, kernel: 3) })
    _ = try run.run()
    #expect(run.progress.isFinished && run.progress.step == 15 && run.progress.bestStep == 5)
  }

  @Test func startsFromGivenNumbers() throws {
    let first = try SmallTraining.run(SmallTraining.options())
    let made = try first.run()
    let options = SmallTraining.options(steps: 1) { $0.rate = 0 }
    let run = try SmallTraining.run(options, validates: false, parameters: made)
    #expect(run.trainer.parameters["0.weight"]?.values.map { $0 } == made["0.weight"]?.values.map { $0 })
    let other = NetworkSpec { Conv(1, kernel: 5) }
    #expect(throws: ModelError.self) { try SmallTraining.run(options, spec: other, parameters: made) }
  }

  @Test func wrongNetworksAreNamed() throws {
    func error(_ spec: NetworkSpec) -> ModelError? {
      #expect(throws: ModelError.self) { try SmallTraining.run(SmallTraining.options(), spec: spec) }
    }
    #expect(error(NetworkSpec { Conv(3, kernel: 3) })?.description.contains("expected 1, found 3") == true)
    let uneven = error(
      NetworkSpec {
        Conv(4, kernel: 3)
        Conv(1, kernel: 3, stride: 3, padding: .valid)
      })
    #expect(uneven?.subject == "1", "\(uneven!)")
    #expect(error(NetworkSpec { UNet(outputs: 1, base: 2, depth: 4) })?.description.contains("16") == true)
  }

  /// A network without padding is trained on the middle of the target.
  @Test func smallerOutput() throws {
    let run = try SmallTraining.run(
      SmallTraining.options(steps: 30), spec: NetworkSpec { Conv(1, kernel: 3, padding: .valid) })
    _ = try run.run()
    let lines = run.progress.history.lines
    #expect(try #require(lines.last).validationLoss < lines[0].validationLoss)
  }
}
