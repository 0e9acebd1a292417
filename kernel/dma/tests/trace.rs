//! What the layer says of itself: every call leaves its event, in an order that `Order` agrees with.

#![expect(unsafe_code, reason = "plays a driver that keeps addresses")]

mod common;

use common::{
    CELLS, Idle, Layer, POOL, fly, layer, layer_with_cells, legacy, pages, snooping_if, transfer,
};
use dma::address::{Attrs, SgEntry};
use dma::checker::{Forbidden, Level, Options};
use dma::trace::{EVENTS, Event, Kind, Line, Order, merge};
use dma::{
    Bidirectional, Bouncing, Dir, Direction, DmaDevice, FromDevice, Halt, Mapping, SgTable,
    ToDevice,
};
use hal::{DmaAddr, DmaBuffer, MAX_CPUS, Pages, Zone};
use sim::Machine;

/// A layer that tells its maintenance as well.
fn maintained(layer: Layer) -> Layer {
    let mut options = Options::default();
    (options.level, options.entries) = (Level::Trace, 64);
    layer.checked(&options, Forbidden::new())
}

/// All that the layer tells, and whether its order is right.
fn told(dma: &Layer, device: &DmaDevice) -> (Vec<Event>, Result<usize, String>) {
    let mut order = Order::new(false);
    let mut cores: [Vec<Event>; MAX_CPUS] = Default::default();
    let devices = core::slice::from_ref(device);
    let count = dma.tell_trace(devices, EVENTS, |line| match line {
        Line::Begin { maintenance: true } => order.follow_maintenance(),
        Line::Device { device, snoops, .. } if snoops => order.snoops(device),
        Line::Window { device, window } => order.window(device, window),
        Line::Event { core, event } => cores[core].push(event),
        _ => {}
    });
    let events = merge(cores, |event| event.stamp);
    assert_eq!(events.len() as u64, count);
    let steps = events.iter();
    let checked = steps.map(|(core, event)| {
        let step = order.step(*core, event);
        step.map_err(|why| format!("{event}: {why}"))
    });
    let checked: Result<(), String> = checked.collect();
    let events = events.into_iter().map(|(_, event)| event).collect();
    (events, checked.map(|()| order.live()))
}

fn kinds(events: &[Event]) -> Vec<Kind> {
    events.iter().map(|event| event.kind).collect()
}

#[test]
fn a_transfer_leaves_its_events_direct_and_bounced_alike_but_for_the_map() {
    for (zone, map) in [(Zone::Dma, Kind::Map), (Zone::High, Kind::Bounce)] {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
        let page = pages(&machine, zone, 0, 256, 0xA5);
        let mapping = dma.map(&device, page, Bidirectional).expect("fits");
        let mut mapping = transfer(mapping, |_, _| {});
        mapping.for_cpu_range(64, 64).expect("inside")[0] = 1;
        drop(mapping.unmap());
        let (events, order) = told(&dma, &device);
        assert_eq!(order, Ok(0));
        assert_eq!(
            kinds(&events),
            [
                map,
                Kind::Launch,
                Kind::End,
                Kind::SyncForCpu,
                Kind::SyncForDevice,
                Kind::Unmap
            ]
        );
        assert!(
            events
                .iter()
                .all(|event| event.dir == Some(Dir::Bidirectional))
        );
        assert_eq!((events[3].addr, events[3].len), (events[0].addr + 64, 64));
        assert_eq!(events[0].len, 256);
    }
}

#[test]
fn lists_exposures_owners_and_shares_are_told_in_order() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), {
        let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
        builder.segments(8, 4).build(&machine.ram()).expect("valid")
    });
    let page = |zone| pages(&machine, zone, 0, 128, 1);
    let mut table = SgTable::with_capacity(2, 4).expect("memory");
    table.push(page(Zone::Dma)).expect("room");
    table.push(page(Zone::High)).expect("room");
    let mut list = dma.map_sg(&device, table, ToDevice).expect("fits");
    list.for_cpu(1).expect("two elements")[0] = 2;
    let engine = Idle::default();
    // SAFETY: no device is told.
    let flight = unsafe { list.launch(&engine) };
    drop(flight.end().expect("idle").unmap());
    let mapping = dma.map(&device, page(Zone::Dma), FromDevice).expect("fits");
    // SAFETY: no device is told.
    let (_, mut ring) = unsafe { mapping.expose() };
    // SAFETY: no device is told.
    unsafe { ring.sync_for_cpu(0, 64) }.expect("whole lines");
    // SAFETY: no device is told.
    unsafe { ring.sync_for_device(0, 64) }.expect("whole lines");
    // SAFETY: no device was told.
    let owned = unsafe { ring.settle() }.unmap_skip_sync();
    drop(dma.map_device_owned(&device, owned, ToDevice).expect("low"));
    let shared = dma.share(page(Zone::Dma));
    let again = shared.clone();
    let first = dma.map_shared(&device, shared, ToDevice).expect("low");
    let second = dma.map_shared(&device, again, ToDevice).expect("low");
    drop((first, second));
    let (events, order) = told(&dma, &device);
    assert_eq!(order, Ok(0));
    let lists = events.iter().filter(|event| event.list);
    let lens: Vec<_> = lists.map(|event| (event.kind, event.len)).collect();
    let all = [
        (Kind::Map, 256),
        (Kind::SyncForCpu, 128),
        (Kind::SyncForDevice, 128),
        (Kind::Launch, 256),
        (Kind::End, 256),
        (Kind::Unmap, 256),
    ];
    assert_eq!(lens, all);
    assert_eq!(
        kinds(&events)
            .iter()
            .filter(|kind| **kind == Kind::UnmapSkipSync)
            .count(),
        1
    );
}

#[test]
fn quarantine_refusal_and_reset_are_told() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let engine = Idle::default();
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 64, 0), ToDevice);
    let flight = fly(mapping.expect("fits"), &engine, |_, _| {});
    engine.0.set(Halt::Unconfirmed);
    drop(flight);
    let ram = pages(&machine, Zone::Dma, 0, 64, 0);
    dma.map_resource(&device, ram.range()).expect_err("RAM");
    // SAFETY: there is no device.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    let (events, order) = told(&dma, &device);
    assert_eq!(order, Ok(0));
    assert_eq!(
        kinds(&events),
        [
            Kind::Bounce,
            Kind::Launch,
            Kind::Quarantine,
            Kind::Refuse,
            Kind::Free
        ]
    );
    assert_eq!(
        (events[3].addr, events[3].len),
        (ram.range().start().get(), 64)
    );
}

#[test]
fn calls_by_address_are_told_and_a_second_unmap_is_found() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    for zone in [Zone::Dma, Zone::High] {
        let page = pages(&machine, zone, 0, 128, 0);
        let (block, dir) = (page.range(), Dir::FromDevice);
        // SAFETY: the page is lent and no device is told.
        let addr = unsafe { calls.map_single(block, dir, Attrs::NONE) }.expect("fits");
        // SAFETY: a part of what was just mapped.
        unsafe { calls.sync_single_for_cpu(addr, 64, dir) }.expect("mapped");
        // SAFETY: as above.
        unsafe { calls.sync_single_for_device(addr, 64, dir) }.expect("mapped");
        // SAFETY: mapped so.
        unsafe { calls.unmap_single(addr, 128, dir, Attrs::NONE) };
        let (events, order) = told(&dma, &device);
        assert_eq!(order, Ok(0), "{zone:?}");
        let last = &kinds(&events)[events.len() - 3..];
        assert_eq!(last, [Kind::SyncForCpu, Kind::SyncForDevice, Kind::Unmap]);
    }
    let page = pages(&machine, Zone::Dma, 0, 128, 0);
    // SAFETY: the page is lent and no device is told.
    let addr = unsafe { calls.map_single(page.range(), Dir::ToDevice, Attrs::NONE) };
    let addr = addr.expect("fits");
    for _ in 0..2 {
        // SAFETY: the second one breaks the promise, which harms nothing here: nobody has the page.
        unsafe { calls.unmap_single(addr, 128, Dir::ToDevice, Attrs::NONE) };
    }
    let (_, order) = told(&dma, &device);
    assert!(
        order
            .expect_err("twice")
            .ends_with("unmap of what is not mapped")
    );
}

#[test]
fn entries_of_a_list_by_address_are_told_one_by_one() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let calls = dma.by_address(&device).expect("memory");
    let memory = [Zone::Dma, Zone::High].map(|zone| pages(&machine, zone, 0, 128, 0));
    let mut list = memory.each_ref().map(|page| SgEntry::new(page.range()));
    let dir = Dir::FromDevice;
    // SAFETY: the pages are lent and no device is told.
    unsafe { calls.map_sg(&mut list, dir, Attrs::NONE) }.expect("fits");
    let addresses = list.each_ref().map(|entry| entry.dma_address());
    // SAFETY: mapped so.
    unsafe { calls.unmap_sg(&mut list, dir, Attrs::NONE) };
    let (events, order) = told(&dma, &device);
    assert_eq!(order, Ok(0));
    let (map, bounce, unmap) = (Kind::Map, Kind::Bounce, Kind::Unmap);
    assert_eq!(kinds(&events), [map, bounce, unmap, unmap]);
    let of = |event: &Event| Some(DmaAddr::new(event.addr));
    assert_eq!([of(&events[0]), of(&events[1])], addresses);
}

#[test]
fn cm_7_what_a_cell_takes_is_told_as_well() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let (dma, device) = (maintained(dma), legacy(&machine));
    let page = pages(&machine, Zone::High, 0, 60, 0xA5);
    let mapping = dma.map(&device, page, FromDevice).expect("fits");
    drop(transfer(mapping, |_, _| {}).unmap());
    let (events, order) = told(&dma, &device);
    assert_eq!(order, Ok(0));
    // The canary behind the bytes is stored as well, and looked at behind them.
    let before = [Kind::Put, Kind::Put, Kind::Publish, Kind::Bounce];
    let flight = [Kind::Launch, Kind::End];
    let behind = [Kind::Acquire, Kind::Take, Kind::Acquire, Kind::Unmap];
    let wanted = [&before[..], &flight, &behind].concat();
    assert_eq!(kinds(&events), wanted);
}

/// What is told of a life of a buffer in `zone`, and whether its order is right.
fn life_of<D: Direction>(
    (zone, direction): (Zone, D),
    coherent: bool,
    live: impl FnOnce(&Layer, Mapped<'_, D>),
) -> (Vec<Event>, Result<usize, String>) {
    let machine = Machine::default();
    let dma = maintained(layer(&machine, Bouncing::AsNeeded, POOL));
    let device = snooping_if(coherent, &machine).build(&machine.ram());
    let device = device.expect("valid");
    let page = pages(&machine, zone, 0, 1500, 0xA5);
    let mapping = dma.map(&device, page, direction).expect("fits");
    live(&dma, mapping);
    assert_eq!(dma.findings(), []);
    told(&dma, &device)
}

type Mapped<'d, D> = Mapping<'d, Machine, Pages<Machine>, D>;

#[test]
fn cm_1_cm_2_cm_7_all_maintenance_of_the_layer_is_told_and_none_is_missing() {
    fn transferred<D: Direction + Copy>(direction: D) {
        for (zone, coherent) in [
            (Zone::Dma, false),
            (Zone::High, false),
            (Zone::Dma, true),
            (Zone::High, true),
        ] {
            let (events, order) = life_of((zone, direction), coherent, |_, mapping| {
                let mut mapping = transfer(mapping, |_, _| {});
                drop(mapping.for_cpu());
                drop(mapping.for_cpu_range(64, 64).expect("inside"));
                let mapping = transfer(mapping, |_, _| {});
                drop(mapping.unmap());
            });
            assert_eq!(order, Ok(0), "{zone:?} {coherent} {:?}", D::DIR);
            let maintained = events.iter().any(|event| event.kind == Kind::Complete);
            assert!(maintained || coherent, "{zone:?}");
        }
    }
    transferred(ToDevice);
    transferred(FromDevice);
    transferred(Bidirectional);
}

#[test]
fn cm_2_rings_owners_and_reports_are_followed_as_well() {
    for zone in [Zone::Dma, Zone::High] {
        let (_, order) = life_of((zone, FromDevice), false, |dma, mapping| {
            let device = mapping.device();
            // SAFETY: no device is told.
            let (_, mut ring) = unsafe { mapping.expose() };
            for at in [0, 64] {
                // SAFETY: no device is told.
                unsafe { ring.sync_for_cpu(at, 64) }.expect("whole lines");
                // SAFETY: no device is told.
                unsafe { ring.sync_for_device(at, 64) }.expect("whole lines");
            }
            // SAFETY: no device was told.
            let owned = unsafe { ring.settle() }.unmap_skip_sync();
            if zone == Zone::Dma {
                let mapping = dma.map_device_owned(device, owned, ToDevice).expect("low");
                drop(transfer(mapping, |_, _| {}).unmap());
            }
        });
        assert_eq!(order, Ok(0), "{zone:?}");
        let (_, order) = life_of((zone, FromDevice::REPORTED), false, |dma, mapping| {
            let device = mapping.device();
            let mapping = transfer(mapping, |_, _| {});
            let mut completed = mapping.complete(100).expect("not too much");
            drop(completed.for_cpu());
            let mapping = transfer(completed.again(), |_, _| {});
            let filled = mapping.complete(10).expect("not too much").unmap();
            let mapping = dma.map_filled(device, filled).expect("as before");
            let filled = transfer(mapping, |_, _| {}).abandon();
            drop(filled.into_inner());
        });
        assert_eq!(order, Ok(0), "{zone:?}");
    }
}
