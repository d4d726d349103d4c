%% @private Options, given as a map or as a list of pairs: which there are, and what each takes.
%%
%% Which client takes which key hash, tag or points, the shared library knows.
-module(ketama_options).

-export([ring/1, start_link/1, watcher/1, except/1, child_id/2]).
-export([wrong/2]).

-export_type([scope/0]).

%% Whose options they are: those of ketama:new/2, ketama:start_link/2, ketama_watcher:start_link/1 or
%% of a lookup.
-type scope() :: ring | start_link | watcher | lookup.

%% The most characters of a name, so that there can be one for its watcher.
-define(LONGEST_NAME, 200).

%% The most milliseconds that a timer of the VM takes.
-define(LONGEST_TIME, 16#FFFFFFFF).

%% The options of a ring as a map. These functions raise badarg where something is wrong.
-spec ring(ketama:options()) -> map().
ring(Options) ->
    checked(ring, Options).

%% The name, and the options of its ring.
-spec start_link(ketama:options()) -> {ketama:name(), map()}.
start_link(Options) ->
    Map = checked(start_link, Options),
    {maps:get(name, Map, ketama), maps:remove(name, Map)}.

%% The watcher's own options, and those of its ring.
-spec watcher(ketama_watcher:options()) -> {map(), map()}.
watcher(Options) ->
    Map = checked(watcher, Options),
    {maps:without(options(ring), Map), maps:with(options(ring), Map)}.

%% The names of the servers that a lookup passes over.
-spec except(ketama:lookup_options()) -> [binary()].
except([]) -> [];
except([{except, Servers}]) when is_list(Servers) -> ketama_source:binaries(Servers);
except(Options) when map_size(Options) =< 1 -> except(maps:to_list(Options));
except(Options) -> error(badarg, [Options]).

%% The id of a child: that of the default's name is the module.
-spec child_id(module(), term()) -> module() | {module(), ketama:name()}.
child_id(Module, #{name := Name}) when Name =/= ketama ->
    {Module, Name};
child_id(Module, [_ | _] = Options) ->
    case lists:keyfind(name, 1, Options) of
        {name, Name} -> child_id(Module, #{name => Name});
        _ -> Module
    end;
child_id(Module, _Options) ->
    Module.

checked(Scope, Options) ->
    case wrong(Scope, Options) of
        none -> to_map(Options);
        _ -> error(badarg, [Options])
    end.

to_map(Options) when is_map(Options) -> Options;
to_map(Options) -> maps:from_list(Options).

options(ring) ->
    [dialect, hash, hash_tag, ketama_points];
options(start_link) ->
    [name | options(ring)];
options(watcher) ->
    [servers_file, source, timeout, interval, before_change, after_change | options(start_link)];
options(lookup) ->
    [except].

%% What is wrong with options, in a few words; none where nothing is.
-spec wrong(scope(), term()) -> none | io_lib:chars().
wrong(Scope, Options) when is_list(Options) ->
    try maps:from_list(Options) of
        Map when map_size(Map) =:= length(Options) -> wrong(Scope, Map);
        _ -> "an option occurs twice"
    catch
        error:_ -> "neither a map nor a list of pairs"
    end;
wrong(Scope, Options) when is_map(Options) ->
    case maps:keys(maps:without(options(Scope), Options)) of
        [Unknown | _] ->
            Known = lists:join(", ", [atom_to_list(Option) || Option <- options(Scope)]),
            io_lib:format("the option ~tP is unknown; there are ~ts", [Unknown, 10, Known]);
        [] ->
            wrong_value(Scope, Options)
    end;
wrong(_Scope, _Options) ->
    "neither a map nor a list of pairs".

wrong_value(Scope, Options) ->
    Own = maps:without(options(ring), Options),
    case [Wrong || {Option, Value} <- maps:to_list(Own), Wrong <- [wrong_own(Option, Value)], Wrong =/= none] of
        [Wrong | _] -> Wrong;
        [] when Scope =:= watcher -> wrong_sources(Options);
        [] when Scope =:= lookup -> none;
        [] -> wrong_ring(Options)
    end.

wrong_own(Option, Value) ->
    {IsRight, Takes} = takes(Option, Value),
    case IsRight of
        true -> none;
        false -> wrong(Option, Value, Takes)
    end.

wrong(Option, Value, Takes) ->
    io_lib:format("the option ~s takes ~ts, not ~tP", [Option, Takes, Value, 10]).

%% Whether the value is right, and what the option takes.
takes(name, Value) ->
    {
        is_atom(Value) andalso Value =/= undefined andalso length(atom_to_list(Value)) =< ?LONGEST_NAME,
        "an atom of up to 200 characters, other than undefined"
    };
takes(servers_file, Value) ->
    {ketama_source:is_path(Value), "the path of a file, a flat string or a binary"};
takes(source, Value) ->
    {is_function(Value, 0), "a function without arguments"};
takes(Option, Value) when Option =:= interval; Option =:= timeout ->
    {
        is_integer(Value) andalso Value >= 1 andalso Value =< ?LONGEST_TIME,
        "milliseconds, an integer from 1 to 4294967295"
    };
takes(Option, Value) when Option =:= before_change; Option =:= after_change ->
    {is_function(Value, 3), "a function of the name, the old continuum and the new one"};
takes(except, Value) ->
    {ketama_source:are_iodata(Value), "a list of names of servers"}.

wrong_sources(#{servers_file := _, source := _}) -> "servers_file and source are two sources";
wrong_sources(#{servers_file := _} = Options) -> wrong_ring(Options);
wrong_sources(#{source := _} = Options) -> wrong_ring(Options);
wrong_sources(_Options) -> "a servers_file or a source is missing".

wrong_ring(Options) ->
    Ring = maps:with(options(ring), Options),
    case is_ring(Ring) of
        true -> none;
        false -> wrong_for_dialect(maps:get(dialect, Ring, libketama), maps:remove(dialect, Ring))
    end.

wrong_for_dialect(Dialect, Others) ->
    Dialects = ketama_nif:dialects(),
    case lists:keyfind(Dialect, 1, Dialects) of
        false ->
            wrong(dialect, Dialect, ["one of ", names([Name || {Name, _} <- Dialects])]);
        {_, Hashes} ->
            [{Option, Value} | _] = [
                Pair || {Key, Value} = Pair <- maps:to_list(Others), not is_ring(#{dialect => Dialect, Key => Value})
            ],
            wrong_with(Dialect, Option, Value, Hashes)
    end.

wrong_with(Dialect, hash, Value, Hashes) ->
    wrong(hash, Value, ["one of ", names(Hashes), with(Dialect)]);
wrong_with(Dialect, Option, Value, _Hashes) ->
    {Right, Takes} = example(Option),
    case is_ring(#{dialect => Dialect, Option => Right}) of
        true -> wrong(Option, Value, Takes);
        false -> io_lib:format("there is no option ~s~ts", [Option, with(Dialect)])
    end.

with(Dialect) ->
    io_lib:format(" with the dialect ~s", [Dialect]).

example(hash_tag) -> {<<"{}">>, "a binary of two bytes"};
example(ketama_points) -> {1, "an integer from 1 to 4294967295"}.

is_ring(Options) ->
    try ketama_nif:check_options(Options) of
        ok -> true
    catch
        error:badarg -> false
    end.

names(Atoms) ->
    lists:join(", ", [atom_to_list(Atom) || Atom <- Atoms]).
