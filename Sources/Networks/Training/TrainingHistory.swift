import Basics

/// What a training has found out so far, one line for each check point.
public struct TrainingHistory: Sendable, Hashable {
  public struct Line: Sendable, Hashable {
    /// Steps done.
    public var step: Int
    /// Mean over the steps since the last line.
    public var trainingLoss: Double
    /// NaN without validation.
    public var validationLoss: Double
    public var rate: Double
    /// Means of the discriminator's loss and of what it adds to the network's, without the weight, over the steps against
    /// it since the last line; nil without any.
    public var discriminatorLoss: Double?
    public var adversarialLoss: Double?
    public init(step: Int, trainingLoss: Double, validationLoss: Double, rate: Double) {
      (self.step, self.trainingLoss, self.validationLoss, self.rate) = (
        step, trainingLoss, validationLoss, rate
      )
    }
  }
  public var lines: [Line] = []
  public init(_ lines: [Line] = []) { self.lines = lines }

  /// What schedules ask for.
  public var validations: [(step: Int, loss: Double)] {
    lines.filter { !$0.validationLoss.isNaN }.map { ($0.step, $0.validationLoss) }
  }

  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("step", .array(lines.map { .integer($0.step) })),
      ("training_loss", .array(lines.map { .real($0.trainingLoss) })),
      ("validation_loss", .array(lines.map { .real($0.validationLoss) })),
      ("rate", .array(lines.map { .real($0.rate) })),
    ]
    if lines.contains(where: { $0.discriminatorLoss != nil }) {
      members += [
        ("discriminator_loss", .array(lines.map { .real($0.discriminatorLoss ?? .nan) })),
        ("adversarial_loss", .array(lines.map { .real($0.adversarialLoss ?? .nan) })),
      ]
    }
    return .object(members)
  }

  init(_ json: JSONValue) throws(JSONReading.Failure) {
    let reading = JSONReading(json)
    let steps = try reading.list("step")
    func numbers(_ key: String) throws(JSONReading.Failure) -> [Double] {
      let numbers = try reading.list(key).compactMap(\.number)
      guard numbers.count == steps.count else {
        throw .init(key, expected: "\(steps.count) numbers", found: "\(numbers.count)")
      }
      return numbers
    }
    let (training, validation, rate) = (
      try numbers("training_loss"), try numbers("validation_loss"), try numbers("rate")
    )
    let judged = json["discriminator_loss"] != nil
    let (discriminator, adversarial) =
      judged ? (try numbers("discriminator_loss"), try numbers("adversarial_loss")) : ([], [])
    for (index, step) in steps.enumerated() {
      guard let step = step.integer, step > lines.last?.step ?? 0 else {
        throw .init("step", expected: "rising counts", found: step.text)
      }
      var line = Line(
        step: step, trainingLoss: training[index], validationLoss: validation[index], rate: rate[index])
      if judged, !discriminator[index].isNaN {
        (line.discriminatorLoss, line.adversarialLoss) = (discriminator[index], adversarial[index])
      }
      lines.append(line)
    }
  }
}
