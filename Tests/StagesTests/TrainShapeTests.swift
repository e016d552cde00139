import Foundation
import Grids
import Networks
import ONNX
import Stages
import TestSupport
import Testing

/// Networks that learn the middle of the target, or a target on a finer grid.
@Suite("train: networks that lose or refine cells") struct TrainShapeTests {
  @Test func withoutPaddingTheMiddleIsLearned() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let conv: Yaml = [
      ["conv": ["filters": 8, "kernel": 5, "padding": "valid"]], "relu",
      ["conv": ["filters": 1, "kernel": 3, "padding": "valid"]],
    ]
    let fields = TrainTests.fields(east: 0)
    let plan = try TrainTests.plan(
      path, [("network", conv), ("patch", 12), ("steps", 150), ("validation", nil)], fields: fields)
    let history = try TrainTests.run(plan)
    let last = history.description.layerCount - 1
    #expect(history[0, 0, last, 0, 0] < 0.3 * history[0, 0, 0, 0, 0])
    let model = try ModelFile.read(path)
    #expect(model.halo == [3, 3] && model.patch == [12, 12])
    // It is applied to the whole field, and is better than what it began with.
    let result = try Plan(
      Predict.self, ["model": .text(path)],
      ["input": [("features", fields.features)], "residual": [("coarse", fields.base)]]
    ).run(cuts: 2)
    func error(_ field: Field) -> Double {
      zip(field.numbers, fields.target.numbers).reduce(0) { $0 + Double(abs($1.0 - $1.1)) }
    }
    #expect(error(result) < 0.5 * error(fields.base))
  }

  /// Coarse cells of 2 x 2, or 4 x 4, on a global grid: the finer field is a function of the coarse one.
  @Test(arguments: [2, 4]) func aFinerTargetIsLearned(factor: Int) throws {
    let folder = try TemporaryFolder()
    let (ny, nx) = (16, 24)
    let (coarse, fine) = (
      Make.globe(ny, nx),
      Make.globe(ny * factor, nx * factor, west: 360 / Double(nx) / 2 * (1 / Double(factor) - 1))
    )
    let time = Make.days(3)
    let tas = Make.variable("tas", "air_temperature", "K")
    func wave(_ t: Int, _ latitude: Double, _ longitude: Double) -> Double {
      270 + 10 * cos(latitude * .pi / 90) * cos((longitude * 3 + Double(t) * 40) * .pi / 180)
    }
    func field(_ grid: Grid) -> Field {
      Field(Description(variables: [tas], time: time, grid: grid)) { _, t, _, j, i in
        wave(t, grid.y.values[j], grid.x.values[i])
      }
    }
    let (features, target) = (field(coarse), field(fine))
    func train(_ name: String, _ threads: Int) throws -> String {
      let path = folder.path(name)
      let shuffle: Yaml =
        factor == 2
        ? [
          ["conv": ["filters": 16, "kernel": 3]], "relu", ["conv": ["filters": 4, "kernel": 3]],
          "pixel-shuffle",
        ]
        : [["fsrcnn": ["scale": 4, "d": 8, "s": 4, "m": 1]]]
      let plan = try Plan(
        Train.self,
        [
          "model": .text(path), "network": shuffle, "steps": 200, "batch": 4, "patch": [8, 24], "seed": 2,
          "rate": 0.01, "augment": ["flip", "shift"], "times": ["times": [0, 1]],
        ], ["input": [("coarse", features)], "target": [("fine", target)]])
      _ = try TrainTests.run(plan, RunContext(threads: threads))
      return path
    }
    let path = try train("a.onnx", 1)
    let model = try ModelFile.read(path)
    #expect(model.scaleFactor == Double(factor) && model.domain.columns == .periodic)
    let other = try train("b.onnx", 2)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path)) == Data(contentsOf: URL(fileURLWithPath: other)))
    func predict(_ tile: String) throws -> Field {
      try Plan(
        Predict.self, ["model": .text(path), "tile": .plain(tile)],
        ["input": [("coarse", features)], "grid": [("fine", target)]]
      ).run(cuts: 3)
    }
    let whole = try predict("256")
    expectClose(try predict("3").numbers, whole.numbers.map(Double.init), absolute: 3e-5)
    // At the time that was not trained on, against the coarse value that lies over each cell.
    var (error, plain) = (0.0, 0.0)
    for j in 0..<ny * factor {
      for i in 0..<nx * factor {
        let truth = target[0, 2, 0, j, i]
        error += Double(abs(whole[0, 2, 0, j, i] - truth))
        plain += Double(abs(features[0, 2, 0, j / factor, i / factor] - truth))
      }
    }
    #expect(error < 0.7 * plain, "\(error) and \(plain)")
  }

  @Test func saysWhatDoesNotFit() throws {
    let folder = try TemporaryFolder()
    let fields = TrainTests.fields()
    func plan(_ features: Grid, _ filters: Int) throws -> Plan {
      let coarse = Make.noise(
        Description(variables: fields.target.description.variables, time: Make.days(3), grid: features), 0...1
      )
      return try Plan(
        Train.self,
        [
          "model": .text(folder.path("m.onnx")), "steps": 1, "patch": 4,
          "network": [["conv": ["filters": .plain("\(filters)"), "kernel": 3]], "pixel-shuffle"],
        ], ["input": [("coarse", coarse)], "target": [("fine", fields.target)]])
    }
    func grid(_ shift: Double) -> Grid {
      Make.regular(
        (0..<12).map { 30.25 + shift + Double($0) }, (0..<16).map { 0.25 + Double($0) })
    }
    _ = try plan(grid(0), 4)
    #expect(
      fault { try plan(grid(0.1), 4) }?.cause.contains("are not blocks of 2 x 2 cells of `fine`") == true)
    let same = fault { try plan(TrainTests.grid, 4) }
    #expect(same?.cause.contains("the size of its output") == true, "\(String(describing: same))")
  }
}
