import Basics
import Compute
import Foundation
import Networks
import Tensors
import Testing

/// The same UNet from the same weights on the same batches: PyTorch's loss, step by step (peers/unet_curve.py).
@Suite struct TrainingCurveTests {
  static func fill(_ batch: Batch, _ step: Int, _ size: Int) {
    let (input, target) = (batch.input, batch.target)
    let cells = size * size
    func x(_ i: Int) -> Double {
      sin(0.37 * Double(i) + 1.3 * Double(step)) + cos(0.011 * Double(i) * Double(1 + step % 3))
    }
    for i in 0..<input.count { input[i] = Float(x(i)) }
    for n in 0..<batch.count {
      for i in 0..<cells {
        let west = i % size == 0 ? i + size - 1 : i - 1
        let (a, b) = (x(2 * n * cells + i), x((2 * n + 1) * cells + i))
        target[n * cells + i] = Float(0.5 * a - 0.3 * x((2 * n + 1) * cells + west) + 0.2 * a * b)
      }
    }
  }

  @Test(arguments: ["adam", "norm"]) func sameAsPyTorch(_ name: String) throws {
    let expected = try #require(try golden([String: [Double]].self, "unet_curve.json")[name])
    let url = try #require(
      Bundle.module.url(forResource: "golden/unet_curve.safetensors", withExtension: nil))
    let file = try SafeTensorsFile.open(url.path)
    var options = TrainingOptions(optimiser: Adam(), rate: 0.003, steps: 50, every: 50)
    if name == "norm" { (options.optimiser, options.rate, options.decay) = (Momentum(0.9), 0.02, 1e-3) }
    let spec = NetworkSpec(UNet(outputs: 1, base: 4, depth: 2, batchNorm: name == "norm"))
    let plan = try TrainingPlan(
      spec, loss: MeanSquaredError(), options: options, channels: (2, 1), patch: [16, 16], batch: 4,
      threads: 2)
    let start = try Parameters(plan.layout)
    var read = 0
    for entry in plan.layout.entries {
      let numbers = try file.floats("\(name).\(entry.name)", extents: entry.shape.extents)
      for (index, number) in numbers.enumerated() { start[entry][index] = number }
      read += 1
    }
    #expect(read == file.tensors.filter { $0.name.hasPrefix("\(name).") }.count)
    let trainer = try Trainer(plan, parameters: start, threads: 2)
    let batch = try Batch(input: plan.inputShape, target: plan.targetShape)
    var losses: [Double] = []
    for step in 0..<50 {
      Self.fill(batch, step, 16)
      losses.append(try #require(try trainer.step(batch, number: step, rate: options.baseRate)))
    }
    expectClose(losses, expected, rtol: 1e-3, atol: 0, "loss of \(name)")
    // Far closer than demanded while nothing has had time to grow.
    expectClose(
      Array(losses.prefix(5)), Array(expected.prefix(5)), rtol: 2e-5, atol: 0, "first losses of \(name)")
  }
}
