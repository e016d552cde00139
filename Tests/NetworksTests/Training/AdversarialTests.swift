import Basics
import Compute
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Networks

/// Training against a discriminator.
@Suite struct AdversarialTests {
  struct Stopped: Error {}

  static func adversarial(_ objective: Adversarial.Objective = .leastSquares, warmUp: Int = 0) -> Adversarial
  {
    Adversarial(
      discriminator: NetworkSpec(PatchGAN(filters: 4, layers: 1)), weight: 0.3, objective: objective,
      rate: 0.004,
      warmUp: warmUp)
  }

  /// With everything that is random.
  static let spec = NetworkSpec {
    Noise(2)
    Conv(6, kernel: 3)
    BatchNorm()
    ReLU()
    Dropout(0.1)
    Conv(1, kernel: 3)
  }

  static func run(
    _ adversarial: Adversarial?, steps: Int = 12, threads: Int = 1, checkpoint: TrainingRun.Checkpoint? = nil,
    spec: NetworkSpec = spec, samples: WaveSamples = WaveSamples()
  ) throws -> TrainingRun {
    let options = SmallTraining.options(steps: steps) {
      ($0.adversarial, $0.keepsBest) = (adversarial, false)
    }
    return try SmallTraining.run(
      options, samples: samples, threads: threads, checkpoint: checkpoint, spec: spec)
  }

  static func opponent(_ run: TrainingRun) throws -> [UInt32] {
    SmallTraining.bits(try #require(run.trainer.opponent).parameters)
  }

  // MARK: - Numbers

  /// From the same weights on the same batches the three losses of PyTorch (peers/gan_curve.py).
  @Test(arguments: Adversarial.Objective.allCases) func sameAsPyTorch(_ objective: Adversarial.Objective)
    throws
  {
    let all = try golden([String: [String: [Double]]].self, "gan_curve.json")
    let expected = try #require(all[objective.rawValue])
    let url = try #require(Bundle.module.url(forResource: "golden/gan_curve.safetensors", withExtension: nil))
    let file = try SafeTensorsFile.open(url.path)
    let adversarial = Adversarial(
      discriminator: NetworkSpec(PatchGAN(filters: 4, layers: 2)), weight: 0.3, objective: objective,
      rate: 0.001)
    let options = TrainingOptions(
      optimiser: Adam(), rate: 0.003, steps: 30, every: 30, adversarial: adversarial)
    let spec = NetworkSpec {
      Conv(6, kernel: 3)
      ReLU()
      Conv(1, kernel: 3)
    }
    let plan = try TrainingPlan(
      spec, loss: MeanSquaredError(), options: options, channels: (2, 1), patch: [16, 16], batch: 4,
      threads: 2)
    let trainer = try Trainer(plan, threads: 2)
    let opponent = try #require(trainer.opponent)
    var read = 0
    for parameters in [trainer.parameters, opponent.parameters] {
      for entry in parameters.layout.entries {
        let numbers = try file.floats("\(objective.rawValue).\(entry.name)", extents: entry.shape.extents)
        for (index, number) in numbers.enumerated() { parameters[entry][index] = number }
        read += 1
      }
    }
    #expect(read == file.tensors.filter { $0.name.hasPrefix("\(objective.rawValue).") }.count)
    let batch = try Batch(input: plan.inputShape, target: plan.targetShape)
    var found: [String: [Double]] = [:]
    for step in 0..<30 {
      TrainingCurveTests.fill(batch, step, 16)
      for index in 0..<batch.target.count {
        batch.weights[index] = index % 7 == 0 ? 0 : 1
        if index % 7 == 0 { batch.target[index] = 0 }
      }
      found["loss", default: []].append(try #require(try trainer.step(batch, number: step, rate: 0.003)))
      let judgement = try #require(trainer.judgement)
      found["discriminator", default: []].append(judgement.discriminator)
      found["adversarial", default: []].append(judgement.adversarial)
    }
    for (name, curve) in expected {
      let own = try #require(found[name])
      expectClose(own, curve, rtol: 1e-3, atol: 1e-4, "\(name), \(objective)")
      // Far closer than demanded while nothing has had time to grow.
      expectClose(
        Array(own.prefix(5)), Array(curve.prefix(5)), rtol: 2e-5, atol: 2e-6, "first \(name), \(objective)")
    }
  }

  /// Gradients of both players' objectives against finite differences, in double.
  @Test(arguments: Adversarial.Objective.allCases) func gradients(_ objective: Adversarial.Objective) throws {
    let (input, target) = (try Shape([2, 2, 8, 8]), try Shape([2, 1, 8, 8]))
    // Smooth everywhere but for the hinge, which is not met at its corner.
    let discriminator = NetworkSpec {
      Conv(3, kernel: 4, stride: 2, padding: 1)
      Tanh()
      Conv(1, kernel: 3)
    }
    let adversarial = Adversarial(discriminator: discriminator, weight: 0.7, objective: objective)
    let spec = NetworkSpec {
      Conv(3, kernel: 3)
      Tanh()
      Conv(1, kernel: 3)
    }
    var given: [String: [Double]] = [
      "input": Pattern.numbers(input.count, seed: 1), "target": Pattern.numbers(target.count, seed: 2),
      "weights": (0..<target.count).map { $0 % 5 == 0 ? 0 : 1 },
    ]
    for isOpponent in [false, true] {
      var network = try spec.network(input: input, .training)
      let own = network.parameters
      var trained = own
      var loss: Value
      if isOpponent {
        var builder = NetworkBuilder(.training, extending: network.graph)
        let scene = try AdversaryPlan.Scene(network, target, in: &builder.graph)
        let real = try adversarial.judge(scene.real, scene, in: &builder)
        let fake = try adversarial.judge(scene.fake, scene, in: &builder)
        loss = try objective.discriminator(real: real, fake: fake, in: &builder.graph)
        (network.graph, trained) = (builder.graph, builder.parameters)
      } else {
        let judgement = try AdversaryPlan.judgement(
          adversarial, of: &network, target: target, domain: .init())
        let error = try MeanSquaredError().build(
          network.output, try network.graph.input("target", target),
          weights: try network.graph.input("weights", target), in: &network.graph)
        loss = try network.graph.add(error, try network.graph.multiply(judgement, adversarial.weight))
      }
      for (seed, (name, shape)) in network.graph.parameters.enumerated() {
        given[name] = Pattern.numbers(shape.count, seed: 3 + seed).map { 0.5 * $0 }
      }
      let values = try trained.map { declaration throws in
        try network.graph.parameter(declaration.name, declaration.shape)
      }
      let gradients = try differentiate(loss, by: values, in: &network.graph)
      let interpreter = Interpreter<Double>(network.graph)
      let exact = try interpreter.run(gradients, given)
      #expect(trained.count == 4 && trained.allSatisfy { $0.name.hasPrefix("discriminator.") == isOpponent })
      for (declaration, gradient) in zip(trained, exact) {
        #expect(gradient.contains { abs($0) > 1e-6 }, "\(declaration.name)")
        for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 8)) {
          func at(_ step: Double) throws -> Double {
            var moved = given
            moved[declaration.name]?[index] += step
            return try interpreter.run([loss], moved)[0][0]
          }
          let difference = (try at(1e-5) - (try at(-1e-5))) / 2e-5
          #expect(
            abs(difference - gradient[index]) < 1e-7 + 1e-6 * abs(difference),
            "\(declaration.name) \(index): \(gradient[index]), by differences \(difference)")
        }
      }
    }
  }

  // MARK: - Runs

  /// Stopped after any step, before, at and behind the end of the warm-up, and gone on from the file.
  @Test(arguments: [2, 4, 5, 9]) func resumeGivesTheSameBits(_ stop: Int) throws {
    let folder = try TemporaryFolder()
    let checkpoint = TrainingRun.Checkpoint(path: folder.url("m.state").path, every: 3, digest: "d")
    let adversarial = Self.adversarial(warmUp: 4)
    let whole = try Self.run(adversarial)
    let expected = SmallTraining.bits(try whole.run())
    let first = try Self.run(adversarial, checkpoint: checkpoint)
    #expect(throws: Stopped.self) {
      try first.run { if case .step(let step, _) = $0, step == stop { throw Stopped() } }
    }
    let second = try Self.run(adversarial, checkpoint: checkpoint)
    try second.resume()
    #expect(SmallTraining.bits(try second.run()) == expected)
    #expect(try Self.opponent(second) == (try Self.opponent(whole)))
    #expect(second.progress == whole.progress)
    let lines = whole.progress.history.lines
    #expect(lines.map { $0.discriminatorLoss != nil } == [true, true, true])
    // A state without the discriminator is refused.
    try Self.run(nil, checkpoint: checkpoint).save()
    let other = try Self.run(adversarial, checkpoint: checkpoint)
    let error = #expect(throws: ModelError.self) { try other.resume() }
    #expect(error?.description.contains("discriminator") == true)
  }

  @Test func threadsDoNotMatter() throws {
    let runs = try [1, 2, 3].map { try Self.run(Self.adversarial(.hinge), threads: $0) }
    let made = try runs.map { SmallTraining.bits(try $0.run()) }
    #expect(made[0] == made[1] && made[0] == made[2])
    #expect(try Self.opponent(runs[0]) == (try Self.opponent(runs[2])))
    #expect(SmallTraining.bits(try Self.run(nil).run()) != made[0])
  }

  /// While it warms up the network is that of its loss alone, and the discriminator is as it began.
  @Test func warmUpIsTheLossAlone() throws {
    let (alone, with) = (try Self.run(nil, steps: 5), try Self.run(Self.adversarial(warmUp: 5), steps: 5))
    #expect(SmallTraining.bits(try with.run()) == SmallTraining.bits(try alone.run()))
    #expect(with.progress.history.lines.allSatisfy { $0.discriminatorLoss == nil })
    let plan = try #require(with.trainer.plan.adversary)
    #expect(try Self.opponent(with) == SmallTraining.bits(try plan.network.initialParameters(seed: 9)))
    #expect(with.trainer.parameters.layout.entries.allSatisfy { !$0.name.hasPrefix("discriminator") })
  }

  @Test func memoryCountsTheDiscriminator() throws {
    let (alone, with) = (try Self.run(nil).trainer.plan, try Self.run(Self.adversarial()).trainer.plan)
    let parts = Dictionary(uniqueKeysWithValues: with.memory.map { ($0.what, $0.bytes) })
    let discriminator = try #require(parts["discriminator"])
    // Numbers, gradients and two moments; the statistics are not trained.
    let adversary = try #require(with.adversary)
    #expect(discriminator == adversary.layout.bytes + 3 * adversary.trained.bytes)
    #expect((parts["discriminator step"] ?? 0) > 0 && parts["warm-up step"] == nil)
    #expect(with.bytes > alone.bytes + discriminator && with.operations > 1.5 * alone.operations)
    #expect(with.discriminatorCount == 3 * 16 * 4 + 4 + 4 * 8 * 16 + 16 + 8 * 16 + 1)
  }

  @Test func notFiniteStops() throws {
    let run = try Self.run(Self.adversarial(), samples: WaveSamples(broken: 6))
    let error = #expect(throws: ModelError.self) { try run.run() }
    #expect(error?.kind == .notFinite && error?.subject == "input")
  }

  /// A target that is 1 or -1 whatever the input says. The mean squared error alone finds the mean; against a
  /// discriminator each answer is one of the two, and noise says which.
  @Test func findsBothModes() throws {
    struct Coins: SampleSource {
      let count = 64
      func fill(_ slot: Batch.Slot, epoch: Int, index: Int) {
        var random = RandomStream(seed: UInt64(3 + epoch), stream: UInt64(index))
        for i in 0..<64 {
          slot.input[i] = Float(random.nextNormal())
          slot.target[i] = random.nextUniform() < 0.5 ? -1 : 1
          slot.weights[i] = 1
        }
      }
    }
    let spec = NetworkSpec {
      Noise()
      Conv(16, kernel: 1)
      Tanh()
      Conv(16, kernel: 1)
      Tanh()
      Conv(1, kernel: 1)
    }
    let discriminator = NetworkSpec {
      Conv(16, kernel: 1)
      LeakyReLU(slope: 0.2)
      Conv(16, kernel: 1)
      LeakyReLU(slope: 0.2)
      Conv(1, kernel: 1)
    }
    func answers(_ adversarial: Adversarial?) throws -> [Double] {
      let options = TrainingOptions(
        optimiser: Adam(beta1: 0.5), rate: 0.003, steps: 500, every: 500, seed: 2, adversarial: adversarial)
      let plan = try TrainingPlan(
        spec, loss: MeanSquaredError(), options: options, channels: (1, 1), patch: [8, 8], batch: 8,
        threads: 1)
      let parameters = try TrainingRun(try Trainer(plan, threads: 1), samples: Coins()).run()
      let network = try spec.network(input: try Shape([32, 1, 8, 8]), .sampling)
      var given: [String: [Double]] = ["input": Pattern.numbers(32 * 64, seed: 5)]
      for declaration in network.parameters {
        given[declaration.name] = parameters[declaration.name].map { o in (0..<o.count).map { Double(o[$0]) }
        }
      }
      return try Interpreter<Double>(network.graph).run([network.output], given, .init(seed: 8, step: 1))[0]
    }
    func share(_ answers: [Double], near mode: Double) -> Double {
      Double(answers.count { abs($0 - mode) < 0.35 }) / Double(answers.count)
    }
    let plain = try answers(nil)
    #expect(share(plain, near: 0) > 0.99)
    let sharp = try answers(Adversarial(discriminator: discriminator, weight: 20, objective: .nonSaturating))
    let (up, down) = (share(sharp, near: 1), share(sharp, near: -1))
    #expect(up + down > 0.8 && up > 0.25 && down > 0.25, "\(up) \(down) \(share(sharp, near: 0))")
  }

  // MARK: - Descriptions

  @Test func noiseIsZeroInInference() throws {
    let spec = NetworkSpec {
      Noise(2)
      Conv(3, kernel: 1)
    }
    let shape = try Shape([1, 1, 4, 4])
    func names(_ mode: NetworkBuilder.Mode) throws -> [String] {
      try spec.network(input: shape, mode).graph.nodes.map { type(of: $0.op).name }
    }
    #expect(try names(.inference) == ["Pad", "Conv"])
    #expect(try names(.sampling) == ["RandomNormalLike", "Concat", "Conv"])
    #expect(try names(.training) == (try names(.sampling)))
    var builder = NetworkBuilder(.inference)
    let x = try builder.graph.input("x", shape)
    let y = try Noise(2).apply(x, in: &builder)
    let numbers = Pattern.numbers(16, seed: 1)
    let found = try Interpreter<Double>(builder.graph).run([y], ["x": numbers])[0]
    #expect(found == numbers + [Double](repeating: 0, count: 32))
  }

  /// A network that refines is judged on the fine grid, one that does not pad on what it makes.
  @Test func otherSizes() throws {
    let options = SmallTraining.options { $0.adversarial = Self.adversarial() }
    let finer = try TrainingPlan(
      NetworkSpec {
        Conv(4, kernel: 3)
        Networks.Resize(scale: 2, .nearest)
        Conv(1, kernel: 3)
      }, loss: MeanSquaredError(), options: options, channels: (2, 1), patch: [6, 6], targetPatch: [12, 12],
      batch: 2, threads: 1)
    #expect(try #require(finer.adversary).network.outputShape.extents == [2, 1, 4, 4])
    let smaller = try TrainingPlan(
      NetworkSpec { Conv(1, kernel: 3, padding: .valid) }, loss: MeanSquaredError(), options: options,
      channels: (2, 1), patch: [10, 10], batch: 2, threads: 1)
    #expect(try #require(smaller.adversary).network.outputShape.extents == [2, 1, 2, 2])
    for (plan, size) in [(finer, 6), (smaller, 10)] {
      let batch = try Batch(input: plan.inputShape, target: plan.targetShape)
      for i in 0..<batch.input.count { batch.input[i] = Float(sin(Double(i))) }
      for i in 0..<batch.target.count { batch.target[i] = Float(cos(Double(i))) }
      let loss = try Trainer(plan, threads: 1).step(batch, number: 0, rate: 0.01)
      #expect(loss?.isFinite == true && loss != 0, "\(size)")
    }
  }

  @Test func misfits() throws {
    func error(_ discriminator: NetworkSpec, _ spec: NetworkSpec = SmallTraining.spec) -> ModelError? {
      #expect(throws: ModelError.self) {
        try TrainingPlan(
          spec, loss: MeanSquaredError(),
          options: SmallTraining.options { $0.adversarial = Adversarial(discriminator: discriminator) },
          channels: (2, 1), patch: [8, 8], batch: 2, threads: 1)
      }
    }
    #expect(error(NetworkSpec { ReLU() })?.subject == "discriminator")
    #expect(error(NetworkSpec { Conv(2, initialiser: LSUV()) })?.subject == "discriminator.0.weight")
    let small = NetworkSpec(PatchGAN(filters: 4, layers: 4))
    #expect(error(small)?.subject?.hasPrefix("discriminator.") == true)
    let faults = TrainingPlan.faults(
      SmallTraining.spec, loss: MeanSquaredError(), adversarial: Adversarial(discriminator: small),
      channels: (2, 1), patch: [8, 8], batch: 2)
    #expect(faults.count == 1 && faults.first?.subject?.hasPrefix("discriminator") == true, "\(faults)")
    let one = NetworkSpec {
      Flatten()
      Dense(1)
    }
    #expect(error(NetworkSpec { Conv(1) }, one)?.description.contains("whole patch") == true)
  }

  @Test func fromText() throws {
    func value(_ entries: [(String, ConfigValue)]) -> ConfigValue { .mapping(entries) }
    let given = try Adversarial(
      value([
        ("weight", .number(0.1)), ("loss", .text("hinge")), ("rate", .number(0.002)),
        ("warm-up", .integer(7)),
        ("discriminator", .list([.mapping([("conv", .mapping([("filters", .integer(1))]))])])),
      ]))
    #expect(given.weight == 0.1 && given.objective == .hinge && given.rate == 0.002 && given.warmUp == 7)
    #expect((given.optimiser as? Adam)?.beta1 == 0.5)
    #expect(given.discriminator.root is Block)
    #expect(try Adversarial(value([])).discriminator.root is PatchGAN)
    func faults(_ entries: [(String, ConfigValue)]) -> [String] {
      do throws(SpecFaults) { _ = try Adversarial(value(entries)) } catch {
        return error.list.map { "\($0.cause) \($0.remedy ?? "")" }
      }
      return []
    }
    #expect(faults([("weight", .number(0)), ("rate", .number(-1)), ("warm-up", .integer(-2))]).count == 3)
    #expect(faults([("wait", .number(0))]).first?.contains("weight") == true)
    #expect(faults([("loss", .text("mse"))]).first?.contains("least-squares") == true)
    #expect(faults([("discriminator", .text("patchgan"))]).first?.contains("patch-gan") == true)
    #expect(faults([("optimiser", .text("adm"))]).first?.contains("adam") == true)
  }
}
