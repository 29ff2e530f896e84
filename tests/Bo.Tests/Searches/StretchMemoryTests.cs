using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Searches;

public sealed class StretchMemoryTests
{
    [Fact]
    public void What_was_tried_is_forgotten_two_stages_later() =>
        Assert.Equal([1], StretchMemory.Forgettable([Path(0, null, 0), Tried(1, 0, 1), Tried(2, 0, 2), Path(3, 0, 3)], stage: 3));

    [Fact]
    public void Ancestors_of_what_is_remembered_are_kept_however_old_they_are() =>
        Assert.Equal([3], StretchMemory.Forgettable([Tried(0, null, 0), Tried(1, 0, 1), Tried(2, 1, 9), Tried(3, 0, 1)], stage: 9));

    [Fact]
    public void The_path_is_never_forgotten() =>
        Assert.Empty(StretchMemory.Forgettable([Path(0, null, 0), Path(1, 0, 1), Path(2, 1, 2)], stage: 100));

    private static (Stretch Plan, bool InUse) Path(int number, int? parent, int stage) => (Planned(number, parent, stage), true);

    private static (Stretch Plan, bool InUse) Tried(int number, int? parent, int stage) => (Planned(number, parent, stage), false);

    private static Stretch Planned(int number, int? parent, int stage) => new(
        number, parent, 0, 10, [new RateRun(10, 0.1, 0.1)], 0, StretchRole.Probe, null, 0, false, Continues: true, stage, "for the test");
}
