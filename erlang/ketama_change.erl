%% @private Gives a name another continuum, for a watcher: its user is told before and after, and the log
%% what has changed.
-module(ketama_change).

-export([make/2]).

-export_type([change/0]).

-include_lib("kernel/include/logger.hrl").

-type change() :: #{
    name := ketama:name(),
    source := ketama_source:source(),
    before_change => ketama_watcher:callback(),
    after_change => ketama_watcher:callback(),
    %% The user's functions end with this process.
    watcher := pid(),
    %% Whether the watcher has just started.
    is_first := boolean()
}.

%% So many milliseconds a function of the user's may take.
-define(PATIENCE, 5000).

%% The most servers of a kind that the log names.
-define(NAMED, 10).

%% @doc The part of the keys that moves to other servers.
-spec make(change(), New :: ketama:continuum()) -> Moved :: ketama:share().
make(#{name := Name, source := Source} = Change, New) ->
    Old = ketama_name:find(Name),
    Moved = moved(Old, New),
    ok = tell(before_change, Change, Old, New),
    ok = ketama_name:put(Name, New, ketama_source:origin(Source)),
    ok = note(Change, Old, New, Moved),
    ok = tell(after_change, Change, Old, New),
    Moved.

%% All keys count as moved where there was no continuum, or one that hashes them in another way, and where
%% there are too many other servers to count: with modula nearly all are.
moved(undefined, _New) ->
    1.0;
moved(Old, New) ->
    try
        ketama_nif:moved(Old, New)
    catch
        error:badarg ->
            1.0;
        error:system_limit ->
            case ketama:servers(Old) =:= ketama:servers(New) of
                true -> 0.0;
                false -> 1.0
            end
    end.

tell(When, #{name := Name, watcher := Watcher} = Change, Old, New) ->
    case Change of
        #{When := Tell} ->
            case ketama_task:run(fun() -> Tell(Name, Old, New) end, ?PATIENCE, Watcher) of
                {ok, _} ->
                    ok;
                {error, timeout} ->
                    ?LOG_ERROR("ketama: ~s of ~tp has taken longer than ~b ms and was killed.", [
                        When, Name, ?PATIENCE
                    ]);
                {error, Reason} ->
                    ?LOG_ERROR("ketama: ~s of ~tp failed: ~tP.", [When, Name, Reason, 20])
            end;
        #{} ->
            ok
    end.

%% A watcher that starts and finds what another one has left has nothing to say.
note(_Change, undefined, _New, _Moved) ->
    ok;
note(#{is_first := true}, _Old, _New, Moved) when Moved == 0 ->
    ok;
note(#{name := Name, source := Source}, Old, New, Moved) ->
    {Before, After} = {weights(Old), weights(New)},
    ?LOG_NOTICE(
        "ketama: ~ts has other servers for ~tp: added ~ts; removed ~ts; re-weighted ~ts; ~.2f% of the keys moved.",
        [
            source(Source),
            Name,
            names(maps:without(maps:keys(Before), After)),
            names(maps:without(maps:keys(After), Before)),
            names(maps:filter(fun(Server, Weight) -> maps:get(Server, Before, Weight) =/= Weight end, After)),
            100 * Moved
        ]
    ).

source({servers_file, Path}) -> ketama_error:path(Path);
source({function, Fun, _Timeout}) -> io_lib:format("~tp", [Fun]).

weights(Continuum) ->
    maps:from_list([{Server, Weight} || {Server, Weight, _} <- ketama:servers(Continuum)]).

names(Weights) when map_size(Weights) =:= 0 ->
    "none";
names(Weights) ->
    Servers = lists:sublist(lists:sort(maps:keys(Weights)), ?NAMED),
    Named = lists:join(", ", [ketama_error:printable(Server) || Server <- Servers]),
    case map_size(Weights) - ?NAMED of
        More when More > 0 -> [Named, " and ", integer_to_list(More), " more"];
        _ -> Named
    end.
