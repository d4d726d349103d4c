%% The default continuum: the API of the port driver's gen_server, without a process.
-module(ketama_default_tests).

-include_lib("eunit/include/eunit.hrl").

-export([init/1]).

-define(FILE_4, ketama_test:data("lastfm-four.servers")).
-define(FILE_8, ketama_test:data("lastfm-eight.servers")).

%% Runs in a new VM, where nothing has called start_link yet.
not_started_test_() ->
    {timeout, 300, fun not_started/0}.

not_started() ->
    ?assertEqual(
        "{not_started,ketama} {not_started,ketama}",
        ketama_test:erl(
            "[Short, Long] = [try ketama:getserver(Key) catch error:Reason -> Reason end"
            " || Key <- [\"k\", binary:copy(<<\"k\">>, 10000)]],"
            " io:format(\"~p ~p\", [Short, Long])"
        )
    ).

start_link_test() ->
    ?assertEqual(ignore, ketama:start_link(?FILE_4)),
    is_default(?FILE_4),
    ?assertEqual(ignore, ketama:start_link(?FILE_8, "/usr/bin/ketama_erlang_driver")),
    is_default(?FILE_8),
    ?assertEqual(undefined, whereis(ketama)).

start_link_0_test() ->
    ?assertEqual(
        {error, {servers_file, "/web/site/GLOBAL/ketama.servers", enoent}}, ketama:start_link()
    ),
    ok = application:set_env(ketama, servers_file, ?FILE_4),
    ?assertEqual(ignore, ketama:start_link()),
    ok = application:unset_env(ketama, servers_file),
    is_default(?FILE_4).

a_failed_call_leaves_the_old_one_test() ->
    ignore = ketama:start_link(?FILE_8),
    {error, no_servers} = ketama:start_link(ketama_test:data("only-comments.servers")),
    {error, {servers_file, _, enoent}} = ketama:start_link("/nowhere/ketama.servers"),
    {error, {servers_file, _, {line, 2, zero_weight}}} = ketama:start_link(ketama_test:data("zero-weight.servers")),
    {error, {invalid_server, _}} = ketama:start_link([{"a", 0}]),
    ?assertError(badarg, ketama:start_link(servers)),
    is_default(?FILE_8).

keys_test() ->
    ignore = ketama:start_link(?FILE_8),
    {ok, Continuum} = ketama:new(?FILE_8),
    [
        ?assertEqual(ketama:getserver(Continuum, Key), ketama:getserver(Key))
     || Key <- ["", "user:123", ["user", [$:]], <<"k", 0, 255>>, binary:copy(<<"k">>, 10000)]
    ],
    [?assertError(badarg, ketama:getserver(Key)) || Key <- [key, 1, [256], <<1:7>>, ["a" | b]]].

supervisor_test_() ->
    Seed = {ketama, {ketama, start_link, [?FILE_8]}, permanent, 5000, worker, [ketama]},
    [
        fun() ->
            ignore = ketama:start_link(?FILE_4),
            {ok, Supervisor} = supervisor:start_link(?MODULE, ChildSpec),
            ?assertEqual(
                [{ketama, undefined, worker, [ketama]}], supervisor:which_children(Supervisor)
            ),
            is_default(?FILE_8),
            unlink(Supervisor),
            exit(Supervisor, shutdown)
        end
     || ChildSpec <- [ketama:child_spec(?FILE_8), Seed]
    ].

supervisor_reports_the_reason_test() ->
    process_flag(trap_exit, true),
    Result = ketama_test:quietly(fun() ->
        supervisor:start_link(?MODULE, ketama:child_spec("/nowhere"))
    end),
    ?assertMatch(
        {error, {shutdown, {failed_to_start_child, ketama, {servers_file, "/nowhere", enoent}}}},
        Result
    ).

init(ChildSpec) ->
    {ok, {#{}, [ChildSpec]}}.

%% Every scheduler looks keys up while the default alternates between two rings, until each reader has had answers of
%% both.
replaced_under_readers_test_() ->
    {timeout, 300, fun() ->
        Keys = ketama_test:lines(ketama_test:data("keys.txt")),
        [Four, Eight] = [
            begin
                {ok, Continuum} = ketama:new(File),
                [ketama:getserver(Continuum, Key) || Key <- Keys]
            end
         || File <- [?FILE_4, ?FILE_8]
        ],
        Expected = lists:zip3(Keys, Four, Eight),
        ignore = ketama:start_link(?FILE_4),
        Readers = [
            spawn_monitor(fun() -> read(Expected, []) end)
         || _ <- lists:seq(1, 2 * erlang:system_info(schedulers_online))
        ],
        replace_until_done(Readers),
        is_default(?FILE_4)
    end}.

replace_until_done([]) ->
    ok;
replace_until_done(Readers) ->
    [ignore = ketama:start_link(File) || File <- [?FILE_8, ?FILE_4]],
    receive
        {'DOWN', Monitor, process, Pid, Reason} ->
            ?assertEqual(seen_both, Reason),
            replace_until_done(lists:delete({Pid, Monitor}, Readers))
    after 0 -> replace_until_done(Readers)
    end.

%% Every answer is that of one ring or the other; for some keys it tells which.
read(Expected, Seen) ->
    Told = [
        ring(Key, Four, Eight)
     || {Key, Four, Eight} <- Expected, Four =/= Eight
    ],
    case lists:usort(Told ++ Seen) of
        [eight, four] -> exit(seen_both);
        More -> read(Expected, More)
    end.

ring(Key, Four, Eight) ->
    case ketama:getserver(Key) of
        Four -> four;
        Eight -> eight
    end.

is_default(File) ->
    {ok, Continuum} = ketama:new(File),
    [
        ?assertEqual(ketama:getserver(Continuum, Key), ketama:getserver(Key))
     || Key <- ketama_test:lines(ketama_test:data("keys.txt"))
    ].
