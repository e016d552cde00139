import Testing

@testable import Tensors

@Suite struct ShapeTests {
  @Test func countsElements() throws {
    #expect(try Shape([]).count == 1)
    #expect(try Shape([2, 3, 4]).count == 24)
    #expect(try Shape([5, 0, 7]).count == 0)
    #expect(try Shape([2, 3]).description == "[2 x 3]")
  }

  @Test func refusesWhatIsNoShape() {
    #expect(throws: ShapeError.rank([1, 1, 1, 1, 1, 1])) { try Shape([1, 1, 1, 1, 1, 1]) }
    #expect(throws: ShapeError.negative([2, -1])) { try Shape([2, -1]) }
    #expect(throws: ShapeError.overflow([1 << 32, 1 << 32])) { try Shape([1 << 32, 1 << 32]) }
    #expect(throws: ShapeError.overflow([0, 1 << 32, 1 << 32])) { try Shape([0, 1 << 32, 1 << 32]) }
  }
}

@Suite struct TensorTests {
  @Test func holdsWhatIsWritten() throws {
    var tensor = try Tensor(repeating: 1.5, Shape([2, 3]))
    var elements = tensor.mutableSpan
    elements[4] = -2
    #expect(tensor.span.count == 6)
    #expect(tensor.span[4] == -2 && tensor.span[5] == 1.5)
  }

  @Test func aCloneIsApart() throws {
    var tensor = try Tensor(repeating: 0, Shape([4]))
    let copy = try tensor.clone()
    var elements = tensor.mutableSpan
    elements[0] = 7
    #expect(copy.span[0] == 0 && tensor.span[0] == 7)
  }

  @Test func isAligned() throws {
    for count in [0, 1, 3, 1000] {
      let tensor = try Tensor(uninitialized: Shape([count]))
      #expect(tensor.storage.baseAddress.map { UInt(bitPattern: $0) % 64 } == 0)
    }
  }

  @Test func tooLargeIsAnError() throws {
    #expect(throws: ShapeError.overflow([1 << 61])) { try Shape([1 << 61]) }
    // No product of extents, no bytes and no sum over many tensors comes near what an Int holds.
    #expect(throws: ShapeError.self) { try Shape([1 << 23, 1 << 23, 2]) }
    #expect(throws: ShapeError.self) { try Shape([0, 1 << 61]) }
    let tooMuch = try Shape([1 << 46])
    #expect(throws: ShapeError.memory(bytes: 1 << 48)) { _ = try Tensor(uninitialized: tooMuch) }
  }
}
